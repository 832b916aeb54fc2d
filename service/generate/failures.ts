/** Errors a job can end with that are not a server's own, and which setback an error is. */
import { RouterError } from '../../lib/errors';
import type { Setback } from '../../lib/execution/retry-plan';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { Selection } from '../../lib/selection/types';

export function cancelled(): RouterError {
	return new RouterError({
		code: 'CANCELLED',
		message: 'The job was cancelled.',
		hint: 'Its prompt was taken off the server. Run it again if that was a mistake.',
	});
}

/** Picking up was cancelled, which is no reason to throw away what runs. */
export function notWaitedFor(): RouterError {
	return new RouterError({
		code: 'CANCELLED',
		message: 'Waiting for the prompt was cancelled.',
		hint: 'It goes on, on its server. Resume it again to get what it makes.',
	});
}

export function missedDeadline(): RouterError {
	return new RouterError({
		code: 'DEADLINE_MISSED',
		message: 'The deadline could not be kept, and a late image is not wanted.',
		hint: 'Allow more time, lower the quality floor, or set if_late to best_effort.',
	});
}

/** Nothing can serve the job (any more): what went wrong before, the refusal, and why servers are not there. */
export function notServed(
	selection: Selection | null,
	before: RouterError | null,
	fleet: FleetSnapshot,
): RouterError {
	const refusal = selection?.selection_reason ?? 'Nothing can serve the request.';
	const isAway = selection?.rejection?.code === 'UNREACHABLE';
	const away = fleet.servers.flatMap((server) =>
		isAway && !server.reachable && server.error ? [server.error] : [],
	);
	const parts = [before?.message, refusal, ...away].filter((part) => part !== undefined);
	return new RouterError({
		code: before?.code ?? 'NOT_SERVED',
		message: [...new Set(parts)].join(' '),
		hint: selection?.rejection?.hint ?? 'Change the request or the catalog.',
	});
}

export function internal(cause?: unknown): RouterError {
	return new RouterError({
		code: 'INTERNAL',
		message: 'The job failed for a reason that was not foreseen.',
		hint: 'Try again; if it stays, report it.',
		cause,
	});
}

export function asRouterError(error: unknown): RouterError {
	return error instanceof RouterError ? error : internal(error);
}

/** For errors before a prompt is submitted: uploads and the making of the graph. */
export function setbackOfError({ code }: RouterError): Setback {
	switch (code) {
		case 'COMFYUI_UNREACHABLE':
		case 'COMFYUI_TIMEOUT':
			return 'unreachable';
		case 'COMFYUI_SERVER_ERROR':
		case 'COMFYUI_NOT_COMFYUI':
		case 'COMFYUI_UNAUTHORIZED':
			return 'refused';
		default:
			return 'faulty';
	}
}
