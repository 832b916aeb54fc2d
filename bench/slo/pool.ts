/** Runs the benchmark's tasks on worker threads, as many as there are cores. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Cell, Task } from './cells';

/** Worker threads of Node 20 do not inherit the loader for TypeScript, so each registers it itself. */
const BOOTSTRAP = `require('tsx/cjs'); require(${JSON.stringify(join(__dirname, 'worker.ts'))});`;

/**
 * @param seconds no task is begun after this time
 * @param progress called after each task with the number done
 */
export async function runTasks(
	tasks: readonly Task[],
	seconds: number,
	progress: (done: number) => void,
): Promise<Cell[]> {
	const cells: Cell[][] = tasks.map(() => []);
	const until = performance.now() + 1000 * seconds;
	let next = 0;
	let done = 0;
	const work = (): Promise<void> =>
		new Promise((resolve, reject) => {
			const worker = new Worker(BOOTSTRAP, { eval: true });
			let current = -1;
			const take = (): void => {
				current = performance.now() < until ? next++ : tasks.length;
				if (current < tasks.length) worker.postMessage(tasks[current]);
				else void worker.terminate().then(() => resolve());
			};
			worker.on('message', (result: Cell[]) => {
				cells[current] = result;
				progress(++done);
				take();
			});
			worker.on('error', reject);
			take();
		});
	const count = Math.max(1, Math.min(availableParallelism(), tasks.length));
	await Promise.all(Array.from({ length: count }, work));
	return cells.flat();
}
