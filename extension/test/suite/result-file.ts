import { appendFileSync, writeFileSync } from 'node:fs';
import { format } from 'node:util';
import type { Runner, Test } from 'mocha';

/**
 * The proof that the suite ran to its end: a line a test while it runs, then a last one in JSON. VS Code reports success
 * when an extension host dies in the middle, so whoever started it believes this file only.
 */
export class ResultFile {
  readonly #path: string;
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  constructor(path: string) {
    this.#path = path;
    writeFileSync(path, '');
  }

  follow(runner: Runner): void {
    runner.on('pass', (test: Test) => {
      this.#passed++;
      this.#line(`  passed  ${test.fullTitle()} (${test.duration} ms)`);
    });
    runner.on('fail', (test: Test, error: unknown) => {
      this.#failed++;
      this.#line(`  FAILED  ${test.fullTitle()}\n${format(error)}`);
    });
    runner.on('pending', (test: Test) => {
      this.#skipped++;
      this.#line(`  skipped ${test.fullTitle()}`);
    });
  }

  end(): void {
    this.#line(
      JSON.stringify({ ended: true, passed: this.#passed, failed: this.#failed, skipped: this.#skipped }),
    );
  }

  #line(text: string): void {
    appendFileSync(this.#path, `${text}\n`);
  }
}
