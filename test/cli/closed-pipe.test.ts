import { PassThrough } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { endWithReader } from '../../cli/terminal/closed-pipe.js';

it('A program whose output nobody reads any more ends without a word; what else fails is not hidden', () => {
  const [output, end] = [new PassThrough(), vi.fn()];
  endWithReader(output, end);
  output.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(end).toHaveBeenCalledOnce();
  expect(() => output.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' }))).toThrow('no space');
});
