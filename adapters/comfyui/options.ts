/** How to reach one ComfyUI server. Owns the options, their checks and defaults; opens no connection. */
import type { Problem } from '../../lib/errors';
import { invalidInput } from '../../lib/errors';
import { cleanText } from '../../lib/text';

export type ComfyUiAuthentication =
	| { type: 'none' }
	| { type: 'bearer'; token: string }
	| { type: 'basic'; user: string; password: string }
	| { type: 'header'; name: string; value: string };

export interface ComfyUiTls {
	/** Default true. False accepts any certificate: only for a test machine. */
	rejectUnauthorized?: boolean;
	/** PEM of the authority that signed the server's certificate. */
	ca?: string;
}

export interface ComfyUiClientOptions {
	/** As the catalog and the fleet snapshot call the server. */
	name: string;
	/** Base address, a path in front of ComfyUI's own is kept: https://host/comfy. */
	url: string;
	authentication?: ComfyUiAuthentication;
	tls?: ComfyUiTls;
	/** Of one answer, in milliseconds. Default 10000; ComfyUI stalls for most of a second while it loads a model. */
	timeoutMs?: number;
	/** Largest JSON answer, in bytes. Default 64 MiB. */
	maxBodyBytes?: number;
	/** Largest output file, in bytes. Default 4 GiB. */
	maxFileBytes?: number;
}

/** The options with defaults filled and secrets out of the address. */
export interface ResolvedOptions {
	name: string;
	/** Without user, password, query and trailing slash: fit for messages. */
	baseUrl: string;
	authentication: ComfyUiAuthentication;
	tls: ComfyUiTls;
	timeoutMs: number;
	maxBodyBytes: number;
	maxFileBytes: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BODY_BYTES = 64 * 1024 ** 2;
const DEFAULT_MAX_FILE_BYTES = 4 * 1024 ** 3;

/** RFC 9110 token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible ASCII, Latin-1 and inner blanks: what Node lets into a header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers that the transport sets itself, or that would change which server is meant. */
const RESERVED_HEADERS = new Set([
	'host',
	'origin',
	'content-length',
	'transfer-encoding',
	'connection',
]);

/** @throws RouterError OPTIONS_INVALID naming every fault, and no secret. */
export function resolveOptions(options: ComfyUiClientOptions): ResolvedOptions {
	const problems: Problem[] = [];
	const parsed = parseBaseUrl(options.url, problems);
	const authentication = options.authentication ?? { type: 'none' };
	checkAuthentication(authentication, problems);
	for (const key of ['timeoutMs', 'maxBodyBytes', 'maxFileBytes'] as const) {
		const value = options[key];
		if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
			problems.push({
				path: key,
				message: 'Not a positive number.',
				hint: 'Leave it out for the default.',
			});
		}
	}
	if (parsed === null || problems.length > 0) {
		throw invalidInput('OPTIONS_INVALID', 'The ComfyUI connection', problems);
	}
	const fromUrl: ComfyUiAuthentication | null =
		parsed.user === '' ? null : { type: 'basic', user: parsed.user, password: parsed.password };
	return {
		name: options.name,
		baseUrl: parsed.baseUrl,
		authentication: authentication.type === 'none' && fromUrl ? fromUrl : authentication,
		tls: options.tls ?? {},
		timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
		maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
		maxFileBytes: options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES,
	};
}

function parseBaseUrl(
	text: string,
	problems: Problem[],
): { baseUrl: string; user: string; password: string } | null {
	const hint = 'Write it like http://127.0.0.1:8188 or https://host/path.';
	let url: URL;
	try {
		url = new URL(String(text).trim());
	} catch {
		problems.push({ path: 'url', message: `"${shown(text)}" is not an address.`, hint });
		return null;
	}
	if (url.protocol !== 'http:' && url.protocol !== 'https:') {
		problems.push({ path: 'url', message: `Protocol ${url.protocol} is not supported.`, hint });
		return null;
	}
	const path = url.pathname.replace(/\/+$/, '');
	try {
		return {
			baseUrl: `${url.protocol}//${url.host}${path}`,
			user: decodeURIComponent(url.username),
			password: decodeURIComponent(url.password),
		};
	} catch {
		problems.push({
			path: 'url',
			message: 'User or password is not percent-encoded correctly.',
			hint,
		});
		return null;
	}
}

function checkAuthentication(authentication: ComfyUiAuthentication, problems: Problem[]): void {
	const header = (path: string, value: string, what: string) => {
		if (value !== '' && HEADER_VALUE.test(value)) return;
		const fault = value === '' ? 'is empty' : 'contains characters that a header cannot carry';
		problems.push({
			path,
			message: `${what} ${fault}.`,
			hint: 'Copy it again, without line breaks.',
		});
	};
	switch (authentication.type) {
		case 'none':
		case 'basic':
			return;
		case 'bearer':
			return header('authentication.token', authentication.token, 'The token');
		case 'header': {
			const name = authentication.name;
			if (!HEADER_NAME.test(name) || RESERVED_HEADERS.has(name.toLowerCase())) {
				problems.push({
					path: 'authentication.name',
					message: 'Not a header name that can be set.',
					hint: 'For instance X-API-Key.',
				});
			}
			return header('authentication.value', authentication.value, 'The header value');
		}
		default:
			problems.push({
				path: 'authentication.type',
				message: 'Unknown kind of authentication.',
				hint: 'Use none, bearer, basic or header.',
			});
	}
}

/** Without what could be a password: what stands before an @. */
function shown(text: string): string {
	return cleanText(String(text).replace(/^.*@/s, '...@'), 100);
}
