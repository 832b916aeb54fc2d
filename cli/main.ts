#!/usr/bin/env node
/** Entry point of the `comfyui-router` command: the real process behind cli/run. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { systemClock } from '../adapters/system-clock';
import { run } from './run';

/** Beside this file's folder when run from source, one further up when built into dist. */
function packageVersion(): string {
	for (const root of ['..', '../..']) {
		try {
			const file = path.join(__dirname, root, 'package.json');
			return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
		} catch {
			// not there: the next one up
		}
	}
	return 'unknown';
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, () => stop.abort(new Error(signal)));
}
// a reader that has seen enough (head) closes the pipe: that is no failure of ours
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
	if (error.code !== 'EPIPE') throw error;
	process.exit();
});

void run(process.argv.slice(2), packageVersion(), {
	readStdin: () => text(process.stdin),
	out: (chunk) => process.stdout.write(chunk),
	err: (chunk) => process.stderr.write(chunk),
	env: process.env,
	clock: systemClock,
	signal: stop.signal,
}).then((code) => {
	process.exitCode = code;
});
