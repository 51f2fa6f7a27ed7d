/**
 * An append-only file of JSON lines, on disk when `append` resolves. Lines that wait together share one fsync.
 * A torn last line (the process died in the middle) was never acknowledged and is cut off at the next start.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, writeFileDurably } from '../../server/durable-file.ts';

export interface RunJournal {
  /** `onDurable` runs at once when the line is on disk, before anything that was queued later. */
  append(line: unknown, onDurable: () => void): Promise<void>;
  /** Replaces the file by what `lines` says when its turn comes, for whoever knows that the rest is history. */
  rewrite(lines: () => readonly unknown[]): Promise<void>;
  readonly bytes: number;
  close(): Promise<void>;
}

interface Waiting {
  readonly line: string;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export async function openRunJournal(path: string): Promise<{ journal: RunJournal; lines: unknown[] }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  let handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  await syncDirectory(dirname(path));
  const { lines, goodBytes } = parseLines(await readFile(path), path);
  let bytes = goodBytes;
  await handle.truncate(bytes);
  let waiting: Waiting[] = [];
  let flushing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const data = Buffer.from(batch.map((entry) => entry.line).join(''));
    try {
      await writeAll(handle, data, bytes);
      await handle.datasync();
      bytes += data.length;
      for (const entry of batch) entry.done();
    } catch (error) {
      // What was written of a failed batch must not stay in front of the next one.
      await handle.truncate(bytes).catch(() => {});
      for (const entry of batch) entry.failed(error);
    }
  }

  async function replace(newLines: () => readonly unknown[]): Promise<void> {
    const text = newLines()
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    await writeFileDurably(path, text, 0o600);
    await handle.close();
    handle = await open(path, constants.O_RDWR);
    bytes = Buffer.byteLength(text);
  }

  const queued = (task: () => Promise<void>): Promise<void> => {
    const mine = flushing.then(task);
    flushing = mine.catch(() => {});
    return mine;
  };
  const journal: RunJournal = {
    append: (line, onDurable) =>
      new Promise((resolve, failed) => {
        const done = () => {
          onDurable();
          resolve();
        };
        waiting.push({ line: `${JSON.stringify(line)}\n`, done, failed });
        if (waiting.length === 1) void queued(flush);
      }),
    rewrite: (newLines) => queued(() => replace(newLines)),
    get bytes() {
      return bytes;
    },
    close: () => queued(() => handle.close()),
  };
  return { journal, lines };
}

async function writeAll(handle: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let written = 0; written < data.length; ) {
    const { bytesWritten } = await handle.write(data, written, data.length - written, position + written);
    written += bytesWritten;
  }
}

function parseLines(data: Buffer, path: string): { lines: unknown[]; goodBytes: number } {
  const goodBytes = data.lastIndexOf(10) + 1;
  const texts = data.subarray(0, goodBytes).toString('utf8').split('\n').slice(0, -1);
  const lines = texts.map((text, index) => {
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new Error(`${path}, line ${index + 1} is damaged; remove the line to start without it`, {
        cause,
      });
    }
  });
  return { lines, goodBytes };
}
