/**
 * Turns what can go wrong on the way to a ComfyUI server into RouterErrors that say what to do.
 * Never passes a driver's error on: axios errors carry the request's headers, and so its secrets.
 */
import { RouterError } from '../../lib/errors';
import { cleanText } from '../../lib/text';

/** Which server and call a message is about. */
export interface CallContext {
	server: string;
	baseUrl: string;
	/** "GET /queue": method and ComfyUI's route, without query. */
	call: string;
	timeoutMs: number;
}

const CERTIFICATE_CODES = new Set([
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'CERT_HAS_EXPIRED',
	'CERT_NOT_YET_VALID',
	'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const UNREACHABLE: Record<string, string> = {
	ECONNREFUSED: 'nothing listens at that address (connection refused)',
	ENOTFOUND: 'the host name is unknown',
	EAI_AGAIN: 'the host name could not be resolved just now',
	EHOSTUNREACH: 'the host cannot be reached',
	ENETUNREACH: 'the network cannot be reached',
	ECONNRESET: 'the connection was cut',
	ECONNABORTED: 'the connection was cut',
	EPIPE: 'the connection was cut',
	ERR_STREAM_PREMATURE_CLOSE: 'the connection was cut in the middle of the answer',
};

const TIMEOUTS = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);

function where(context: CallContext): string {
	return `ComfyUI server "${cleanText(context.server, 100)}" (${context.baseUrl})`;
}

export function timeoutError(context: CallContext): RouterError {
	return new RouterError({
		code: 'COMFYUI_TIMEOUT',
		message: `${where(context)} did not answer ${context.call} within ${context.timeoutMs} ms.`,
		hint: 'It may be loading a model or be overloaded. Try again, or raise the time-out of the connection.',
	});
}

export function tooLargeError(context: CallContext, limitBytes: number): RouterError {
	return new RouterError({
		code: 'COMFYUI_SERVER_ERROR',
		message: `${where(context)} answered ${context.call} with more than ${limitBytes} bytes.`,
		hint: 'Clear its history or queue (POST /history {"clear": true}), or raise the size limit of the connection.',
	});
}

/** From an error that the HTTP driver threw: no answer arrived. */
export function transportError(
	error: unknown,
	context: CallContext,
	limitBytes: number,
): RouterError {
	if (error instanceof RouterError) return error;
	const { code, text } = describe(error);
	if (TIMEOUTS.has(code)) return timeoutError(context);
	if (/maxContentLength|maxBodyLength/.test(text)) return tooLargeError(context, limitBytes);
	if (CERTIFICATE_CODES.has(code)) {
		return new RouterError({
			code: 'COMFYUI_UNREACHABLE',
			message: `${where(context)} showed a TLS certificate that is not trusted (${code}).`,
			hint: 'Give the certificate of its authority in the connection, or renew the certificate.',
		});
	}
	if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('HPE_')) {
		return new RouterError({
			code: 'COMFYUI_NOT_COMFYUI',
			message: `${where(context)} does not speak ${context.baseUrl.split(':')[0]} (${code}).`,
			hint: 'Check http against https, and the port. ComfyUI itself speaks http on port 8188.',
		});
	}
	const reason =
		UNREACHABLE[code] ?? (code === '' ? 'the call failed' : `the call failed (${code})`);
	return new RouterError({
		code: 'COMFYUI_UNREACHABLE',
		message: `${where(context)} is not reachable: ${reason}.`,
		hint: 'Is ComfyUI running, started with --listen where it is another machine, and is the address right?',
	});
}

/** True where asking again makes sense at once: a late answer, or a kept connection that the server had closed. */
export function isWorthRetry(error: unknown): boolean {
	if (error instanceof RouterError) return error.code === 'COMFYUI_TIMEOUT';
	const { code } = describe(error);
	return TIMEOUTS.has(code) || code === 'ECONNRESET' || code === 'EPIPE';
}

function describe(error: unknown): { code: string; text: string } {
	if (typeof error !== 'object' || error === null) return { code: '', text: '' };
	const { code, cause, message, errors } = error as Record<string, unknown>;
	// happy-eyeballs failures come as an AggregateError whose parts have the codes
	const inner = Array.isArray(errors) ? errors[0] : cause;
	const own = typeof code === 'string' ? code : '';
	const fallback =
		typeof inner === 'object' && inner !== null ? (inner as { code?: unknown }).code : '';
	const found = own === '' || own === 'ERR_BAD_RESPONSE' ? fallback : own;
	return {
		code: cleanText(typeof found === 'string' && found !== '' ? found : own, 60),
		text: typeof message === 'string' ? message : '',
	};
}

/** From an answer whose status is not 200. `body` is untrusted and never quoted beyond a short line. */
export function statusError(
	status: number,
	headers: Record<string, unknown>,
	body: string,
	context: CallContext,
): RouterError {
	const who = where(context);
	if (status >= 300 && status < 400) return redirectError(headers, context);
	if (status === 401 || status === 403 || status === 407) {
		return new RouterError({
			code: 'COMFYUI_UNAUTHORIZED',
			message: `${who} refused ${context.call} (HTTP ${status}).`,
			hint: 'Check the authentication of the connection. ComfyUI itself has none: a proxy in front of it asks.',
		});
	}
	if (status === 413) {
		return new RouterError({
			code: 'COMFYUI_BAD_REQUEST',
			message: `${who} refused ${context.call}: the request is larger than it accepts (HTTP 413).`,
			hint: 'Send a smaller image, or start ComfyUI with a larger --max-upload-size; a proxy has its own limit.',
		});
	}
	if (status === 404 || status === 405) {
		return new RouterError({
			code: 'COMFYUI_NOT_COMFYUI',
			message: `${who} does not know ${context.call} (HTTP ${status}).`,
			hint: 'Check the address and its path: it should show the ComfyUI editor when opened in a browser.',
		});
	}
	if (status === 502 || status === 503 || status === 504) {
		return new RouterError({
			code: status === 504 ? 'COMFYUI_TIMEOUT' : 'COMFYUI_UNREACHABLE',
			message: `${who}: the proxy in front of it has no answer from ComfyUI (HTTP ${status}).`,
			hint: 'Is ComfyUI itself running? It may be starting.',
		});
	}
	const said = looksLikeHtml(headers, body) ? '' : cleanText(body, 200);
	return new RouterError({
		code: status >= 500 ? 'COMFYUI_SERVER_ERROR' : 'COMFYUI_BAD_REQUEST',
		message: `${who} answered ${context.call} with HTTP ${status}${said === '' ? '' : `: ${said}`}.`,
		hint: "ComfyUI's own log says more.",
	});
}

function redirectError(headers: Record<string, unknown>, context: CallContext): RouterError {
	let target = '';
	try {
		const url = new URL(String(headers['location'] ?? ''), `${context.baseUrl}/`);
		target = ` to ${cleanText(`${url.protocol}//${url.host}`, 200)}`;
	} catch {
		target = '';
	}
	return new RouterError({
		code: 'COMFYUI_NOT_COMFYUI',
		message: `${where(context)} redirects ${context.call}${target}; redirects are not followed, so that credentials stay where they belong.`,
		hint: 'Give the address it redirects to, or log in as the proxy asks (bearer, basic or header authentication).',
	});
}

/** From a 200 that is no JSON. */
export function notComfyUiError(
	headers: Record<string, unknown>,
	body: string,
	context: CallContext,
): RouterError {
	const page = looksLikeHtml(headers, body);
	return new RouterError({
		code: 'COMFYUI_NOT_COMFYUI',
		message: page
			? `${where(context)} answered ${context.call} with a web page; is this a proxy login?`
			: `${where(context)} answered ${context.call} with something that is not ComfyUI's.`,
		hint: page
			? 'Check the address; behind a proxy, give the authentication that it asks for.'
			: 'Check the address and the port.',
	});
}

export function looksLikeHtml(headers: Record<string, unknown>, body: string): boolean {
	const type = String(headers['content-type'] ?? '');
	return /\bhtml\b/i.test(type) || /^\s*<(!doctype|html|head|body)/i.test(body.slice(0, 200));
}
