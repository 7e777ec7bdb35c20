const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Shows that something takes time: a spinner at a terminal, plain lines elsewhere. On standard error, since answers go
 * to the other one.
 * @param work told a function that changes the words shown
 */
export async function stage<T>(label: string, work: (say: (words: string) => void) => Promise<T>): Promise<T> {
  const out = process.stderr;
  const live = out.isTTY === true;
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  let words = label;
  let frame = 0;
  const draw = () => {
    frame += 1;
    out.write(`\r\x1b[2K${FRAMES[frame % FRAMES.length]} ${words}  ${seconds()}`);
  };
  if (!live) out.write(`${label} ...\n`);
  const timer = live ? setInterval(draw, 100) : undefined;
  const say = (next: string) => {
    if (!live && next !== words) out.write(`  ${next}\n`);
    words = next;
  };
  try {
    const result = await work(say);
    out.write(`${live ? '\r\x1b[2K✓ ' : ''}${label}: ${seconds()}\n`);
    return result;
  } catch (error) {
    out.write(`${live ? '\r\x1b[2K✗ ' : ''}${label}: failed after ${seconds()}\n`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
