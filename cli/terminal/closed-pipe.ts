/** Ends the program as others end in a pipe, without a word, when what reads its output has gone (`datamap show 1 | head`). */
export function endWithReader(output: NodeJS.WritableStream, end: () => void): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    end();
  });
}
