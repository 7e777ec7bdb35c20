const message = document.querySelector('#message');
const form = document.querySelector('#sign-in');

/** Signs in and goes on to where the person wanted to be; says why where that fails. */
async function signIn(path, body) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.ok) {
      location.replace('/');
      return;
    }
    const problem = await response.json();
    message.textContent = [problem.detail, problem.remedy].filter(Boolean).join(' ');
  } catch {
    message.textContent = 'The server does not answer. Check that it runs, then try again.';
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  signIn('/api/v1/session', { email: form.email.value, password: form.password.value });
});

// A login link is behind the #, which browsers do not send: it is in no server's log. It leaves the history too.
const link = location.hash.slice(1);
if (link !== '') {
  history.replaceState(null, '', location.pathname);
  message.textContent = 'Signing in…';
  signIn('/api/v1/session/link', { link });
}
