// Loaded by `--import` into every thread of a service: the second thread of tasks fails once when the file that FAIL_THREAD_FILE names is there.
import { existsSync, rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const file = process.env.FAIL_THREAD_FILE;
if (!isMainThread && workerData?.thread === 2) {
  setInterval(() => {
    if (!existsSync(file)) return;
    rmSync(file);
    throw new Error('made to fail');
  }, 20).unref();
}
