/** Finds TCP ports on the loopback interface that nobody listens on. */
import { createServer } from 'node:net';

export { freePort } from '../provision/postgres.mjs';

/** `wanted`, or the next free one above it. */
export async function freePortFrom(wanted) {
	for (let port = wanted; port < wanted + 100; port += 1) {
		if (await isFree(port)) return port;
	}
	throw new Error(`No free port between ${wanted} and ${wanted + 99}.`);
}

function isFree(port) {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
	});
}
