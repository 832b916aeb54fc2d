/** Who may ask: ComfyUI's own Origin check, and the authentication of a proxy in front of it. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { type Reply, empty, text } from './http';
import type { RequiredAuth } from './options';

/** @returns the refusal, or null when the request may pass */
export function refusal(
	headers: IncomingHttpHeaders,
	auth: RequiredAuth | undefined,
	checkOrigin: boolean,
): Reply | null {
	if (auth && !authorized(headers, auth)) {
		const reply = text(
			'<html><body><h1>401 Authorization Required</h1></body></html>',
			401,
			'text/html',
		);
		return {
			...reply,
			headers: { ...reply.headers, 'WWW-Authenticate': 'Bearer realm="comfyui"' },
		};
	}
	return checkOrigin && foreignOrigin(headers) ? empty(403) : null;
}

/** Only where Host is loopback and both headers are there; `Origin: null` passes. */
function foreignOrigin({ host, origin }: IncomingHttpHeaders): boolean {
	if (!host || !origin || !URL.canParse(origin)) return false;
	if (!/^(localhost|127\.|\[::1\])/.test(host)) return false;
	return new URL(origin).host.toLowerCase() !== host.toLowerCase();
}

function authorized(headers: IncomingHttpHeaders, auth: RequiredAuth): boolean {
	switch (auth.type) {
		case 'bearer':
			return same(headers.authorization, `Bearer ${auth.token}`);
		case 'basic': {
			const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
			return same(headers.authorization, `Basic ${credentials}`);
		}
		case 'header':
			return same(headers[auth.name.toLowerCase()], auth.value);
	}
}

function same(given: string | string[] | undefined, wanted: string): boolean {
	if (typeof given !== 'string') return false;
	const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
	return a.length === b.length && timingSafeEqual(a, b);
}
