/**
 * Loaded before the program of a child process of `datamap up`: ends it in its own orderly way when `up` is gone, even
 * when `up` was killed and could not ask it to.
 */
if (process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel carries nothing: it must not keep a program running that has ended its work.
  process.channel.unref();
}
