/**
 * Every error this package throws on purpose. Owns the stable codes; knows no transport, no n8n.
 *
 * Expected outcomes (nothing fits, over quota) are values of a selection, not errors.
 */

/** Stable codes: programs and the troubleshooting page hold on to them. */
export const ERROR_CODES = [
	'CATALOG_INVALID',
	'REQUEST_INVALID',
	'FLEET_INVALID',
	'OPTIONS_INVALID',
	'WORKFLOW_INVALID',
	'WORKFLOW_UI_FORMAT',
	'FILE_NOT_FOUND',
	'FILE_UNREADABLE',
	'FILE_UNWRITABLE',
	'COMFYUI_UNREACHABLE',
	'COMFYUI_TIMEOUT',
	'COMFYUI_UNAUTHORIZED',
	'COMFYUI_NOT_COMFYUI',
	'COMFYUI_BAD_REQUEST',
	'COMFYUI_SERVER_ERROR',
	'COMFYUI_PROMPT_REJECTED',
	'COMFYUI_PROMPT_UNKNOWN',
	'COMFYUI_PROMPT_LOST',
	'COMFYUI_EXECUTION_FAILED',
	'COMFYUI_OUT_OF_MEMORY',
	'COMFYUI_INTERRUPTED',
	'NOT_SERVED',
	'DEADLINE_MISSED',
	'CANCELLED',
	'SERVER_BUSY',
	'CATALOG_CHANGED',
	'POSTGRES_UNREACHABLE',
	'POSTGRES_UNAUTHORIZED',
	'POSTGRES_READ_ONLY',
	'POSTGRES_SCHEMA_OUTDATED',
	'POSTGRES_PERMISSION',
	'POSTGRES_FAILED',
	'LISTEN_FAILED',
	'USAGE_INVALID',
	'FEEDBACK_INVALID',
	'TRACE_INVALID',
	'TRUTH_INVALID',
	'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One thing that is wrong with an input: where (`path`, dotted, `[i]` for elements), what, and what to do. */
export interface Problem {
	path: string;
	message: string;
	hint: string;
}

export interface RouterErrorInit {
	code: ErrorCode;
	/** What happened, one sentence, no secret, no prompt text. */
	message: string;
	/** What the reader can do about it. */
	hint: string;
	/** Everything that is wrong, when an input had more than one fault. */
	problems?: Problem[];
	cause?: unknown;
}

/** The one error class of the package. */
export class RouterError extends Error {
	readonly code: ErrorCode;
	readonly hint: string;
	readonly problems: Problem[];

	constructor(init: RouterErrorInit) {
		super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
		this.name = 'RouterError';
		this.code = init.code;
		this.hint = init.hint;
		this.problems = init.problems ?? [];
	}
}

/** An input that failed its schema: `what` names it ("The catalog"), `problems` lists every fault. */
export function invalidInput(code: ErrorCode, what: string, problems: Problem[]): RouterError {
	const shown = problems
		.slice(0, 5)
		.map((p) => `${p.path || '(root)'}: ${p.message.replace(/\.$/, '')}`);
	const more = problems.length > 5 ? ` (and ${problems.length - 5} more)` : '';
	const first = problems[0];
	return new RouterError({
		code,
		message: `${what} has ${problems.length} problem${problems.length === 1 ? '' : 's'}: ${shown.join('; ')}${more}.`,
		hint: first ? first.hint : 'See the reference for the expected shape.',
		problems,
	});
}
