const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Shows that something takes time: a spinner at a terminal, plain lines elsewhere. On standard error: answers of a
 * command go to the other one, and may be piped.
 * @template T
 * @param {string} label
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function stage(label, work) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const live = process.stderr.isTTY === true;
  let frame = 0;
  const draw = () => process.stderr.write(`\r\x1b[2K${FRAMES[frame++ % FRAMES.length]} ${label}  ${seconds()}`);
  if (!live) console.error(`${label} ...`);
  const timer = live ? setInterval(draw, 100) : undefined;
  try {
    const result = await work();
    console.error(`${live ? '\r\x1b[2K✓ ' : ''}${label}: ${seconds()}`);
    return result;
  } catch (error) {
    console.error(`${live ? '\r\x1b[2K✗ ' : ''}${label}: failed after ${seconds()}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
