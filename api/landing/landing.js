const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const count = (many, noun) => `${number.format(many)} ${noun}${many === 1 ? '' : 's'}`;

async function read(path, signal) {
  const response = await fetch(`/api/v1${path}`, { signal });
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.detail), { status: response.status, remedy: body.remedy });
  return body;
}

function make(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}

/** Segments become text and marks; nothing of an answer is ever read as HTML. */
function highlighted(segments) {
  const span = make('span');
  for (const { text, match } of segments) span.append(match ? make('mark', text) : text);
  return span;
}

function hitLine({ document: found, highlights }) {
  const line = make('li');
  line.append(make('div', found.qualifiedName, 'name'));
  const about = make('div', `${found.type.toLowerCase().replaceAll('_', ' ')} in ${found.dataSourceName}`, 'about');
  line.append(about);
  for (const { field, segments } of highlights.filter((highlight) => highlight.field !== 'name').slice(0, 2)) {
    const why = make('div', `${field}: `, 'about');
    why.append(highlighted(segments));
    line.append(why);
  }
  return line;
}

let asked = new AbortController();

/** The address says what is searched: it can be reloaded, sent on, and come back to. */
async function search(text) {
  history.replaceState(null, '', text === '' ? location.pathname : `?q=${encodeURIComponent(text)}`);
  asked.abort();
  asked = new AbortController();
  if (text.trim() === '') {
    element('found').textContent = '';
    element('hits').replaceChildren();
    return;
  }
  try {
    const answer = await read(`/search?limit=20&q=${encodeURIComponent(text)}`, asked.signal);
    const total = `${number.format(answer.total)}${answer.totalIsExact ? '' : '+'} found`;
    element('found').textContent =
      answer.correctedTo === undefined ? total : `${total}, searching for “${answer.correctedTo}”`;
    element('hits').replaceChildren(...answer.hits.map(hitLine));
  } catch (error) {
    if (error.name === 'AbortError') return;
    element('hits').replaceChildren();
    element('found').textContent = [error.message, error.remedy].filter(Boolean).join(' ');
  }
}

function crawlerRow(crawler) {
  const row = make('tr');
  const run = crawler.lastRun;
  const last =
    run === null ? 'not yet' : `${run.status}${run.endedAt === null ? '' : `, ${time.format(new Date(run.endedAt))}`}`;
  const cells = [
    crawler.name,
    crawler.dataSource.name,
    number.format(crawler.databases),
    number.format(crawler.tables),
    last,
  ];
  row.append(...cells.map((text) => make('td', text)));
  return row;
}

async function showCollected() {
  const { items } = await read('/crawlers?limit=100');
  const tables = items.reduce((sum, crawler) => sum + crawler.tables, 0);
  element('collected-summary').textContent =
    items.length === 0
      ? 'Nothing yet. Add a data source and a crawler through the API, or run: npx datamap crawl <connection URL>'
      : `${count(tables, 'table')} by ${count(items.length, 'crawler')}.`;
  element('crawlers').replaceChildren(...items.map(crawlerRow));
  element('collected').hidden = false;
}

let typing;
element('query').addEventListener('input', (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => search(event.target.value), 80);
});
element('search').addEventListener('submit', (event) => {
  event.preventDefault();
  search(element('query').value);
});
element('sign-out').addEventListener('click', async () => {
  await fetch('/api/v1/session', { method: 'DELETE', headers: { 'X-Datamap-CSRF': '1' } });
  location.reload();
});

try {
  const me = await read('/me');
  element('welcome').textContent = `Signed in as ${me.person.name}.`;
  element('sign-out').hidden = false;
  element('search').hidden = false;
  element('query').value = new URLSearchParams(location.search).get('q') ?? '';
  element('query').focus();
  await Promise.all([search(element('query').value), showCollected()]);
} catch (error) {
  if (error.status === 401) element('sign-in').hidden = false;
  else element('found').textContent = [error.message, error.remedy].filter(Boolean).join(' ');
}
