/** The process that holds the services of `npm start`. Owns when they are told to stop. */
import { fileURLToPath } from 'node:url';
import { say } from '../provision/command.mjs';
import { runDemo } from './demo.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Resolves when the starting process says so, or is gone. */
const stopped = new Promise((resolve) => {
	process.once('message', resolve);
	process.once('disconnect', resolve);
});

runDemo({ root: ROOT, check: process.argv.includes('--check'), stopped }).then(
	() => process.exit(0),
	(error) => {
		say(`\n${error.name === 'SetupError' ? error.message : (error.stack ?? error)}`);
		process.exit(1);
	},
);
