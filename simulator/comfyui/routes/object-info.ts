/** /object_info: node classes with the installed files in their lists. */
import { JSON_TYPE, type Reply, bytes } from '../http';
import type { Route } from '../router';

/** 2^64 - 1 as ComfyUI writes it; JavaScript's numbers cannot. */
const LARGEST_SEED = '18446744073709551615';

export const objectInfoRoutes: Route[] = [
	{
		method: 'GET',
		pattern: /^\/object_info$/,
		handle: (_, process) => exact(Object.fromEntries(process.definitions())),
	},
	{
		method: 'GET',
		pattern: /^\/object_info\/([^/]+)$/,
		handle: ({ params }, process) => {
			const name = params[0] ?? '';
			const definition = process.definitions().get(name);
			return exact(definition ? { [name]: definition } : {});
		},
	},
];

function exact(value: unknown): Reply {
	const text = JSON.stringify(value).replaceAll(String(2 ** 64), LARGEST_SEED);
	return bytes(Buffer.from(text), JSON_TYPE);
}
