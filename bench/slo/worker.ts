/** A worker thread of the benchmark: takes tasks one by one, gives back their cells. */
import { parentPort } from 'node:worker_threads';

import { type Task, runTask } from './cells';

parentPort?.on('message', (task: Task) => {
	parentPort?.postMessage(runTask(task));
});
