/** Refusals: the code, what happened, and what would have to change. */
import { probabilityWithin, quantile } from '../estimate/log-normal';
import type { FleetSnapshot } from '../fleet/types';
import type { Rejection } from '../selection/types';
import { formatGb, formatSeconds } from '../units';
import { type Candidate, candidateName, type CandidateTable } from './candidate';
import type { Exclusion, Exclusions } from './exclusions';
import type { PreparedCatalog } from './prepared-catalog';
import { exclusionReason } from './alternatives';
import { quotaName } from './quota-filter';
import { formatPercent } from './reason';
import type { UnderstoodRequest } from './understood-request';

/** P(on time) that `most_certain` must reach where lateness is refused. */
export const LATE_BELOW = 0.5;

/** Largest number of file names a message lists. */
const SHOWN_FILES = 12;

export interface RefusalInput {
	prepared: PreparedCatalog;
	asked: UnderstoodRequest;
	fleet: FleetSnapshot;
}

/** Nothing passed the filters: named after the last stage that any candidate reached. */
export function refusal(exclusions: Exclusions, input: RefusalInput): Rejection {
	const { prepared, asked, fleet } = input;
	if (prepared.models.length === 0) {
		return {
			code: 'PURPOSE',
			message: 'The catalog has no models.',
			hint: 'Add models to models_config.json, or let update-models-config detect the installed ones.',
		};
	}
	const last = exclusions.last();
	if (fleet.servers.length === 0 && exclusions.latestByModel.size < prepared.models.length) {
		return {
			code: 'UNREACHABLE',
			message: 'The fleet has no servers.',
			hint: 'Add a ComfyUI server to the credential, the catalog or the fleet snapshot.',
		};
	}
	if (last === null) {
		return {
			code: 'PURPOSE',
			message: 'No model can serve the request.',
			hint: 'Check the catalog.',
		};
	}
	// a preset is looked at only where its model may be chosen
	const ofPreset = [...exclusions.latestByModel.values()].some(
		({ code, prepared: preset }) => code === 'EXCLUDED' && preset !== null,
	);
	if (last.code === 'EXCLUDED' && ofPreset) return presetRefusal(asked, prepared);
	return describe(last, input, asked);
}

function describe(last: Exclusion, input: RefusalInput, asked: UnderstoodRequest): Rejection {
	const { prepared, fleet } = input;
	const { request } = asked;
	const what = exclusionReason(last, asked);
	switch (last.code) {
		case 'PURPOSE':
			return {
				code: last.code,
				message: `No model in the catalog serves the purpose "${request.purpose}".`,
				hint: `Known purposes: ${prepared.purposes.join(', ') || 'none'}. Add the purpose to a model of the catalog, or ask for a known one.`,
			};
		case 'EXCLUDED':
			return { code: last.code, ...pinRefusal(request.model_name ?? null, asked, prepared) };
		case 'NOT_INSTALLED':
			return { code: last.code, ...notInstalled(fleet, what) };
		case 'VRAM':
		case 'VRAM_OFFLOAD':
			return {
				code: last.code,
				message: `Not enough VRAM: ${what}`,
				hint: vramHint(last),
				vram_missing_bytes: Math.ceil(last.shortfall),
			};
		case 'QUOTA':
			return { code: last.code, ...quotaRefusal(last, what) };
		default:
			return {
				code: last.code,
				message: `Nothing can serve the request: ${what}`,
				hint: HINTS[last.code] ?? 'Change the request or the catalog.',
			};
	}
}

function vramHint({ code, server, shortfall }: Exclusion): string {
	if (server?.availableBytes == null) {
		return `Give the device of ${server?.name ?? 'the server'} as /system_stats of ComfyUI reports it ("devices"), or use another server.`;
	}
	const otherwise =
		code === 'VRAM_OFFLOAD'
			? 'set allow_offload to accept slower runs'
			: 'add a lighter model to the catalog';
	return `Free ${formatGb(shortfall)} on ${server.name}, ask for a smaller size or batch, or ${otherwise}.`;
}

function quotaRefusal({ miss }: Exclusion, what: string): Omit<Rejection, 'code'> {
	const name = miss ? quotaName(miss.state) : 'quota';
	const message = `The ${name} does not cover it: ${what}`;
	const resetsAt = miss?.state.resets_at;
	if (resetsAt == null) {
		return { message, hint: 'Raise the quota or wait until it resets.' };
	}
	return { message, hint: `It resets at ${resetsAt}.`, resets_at: resetsAt };
}

const HINTS: Partial<Record<Rejection['code'], string>> = {
	DISABLED: 'Enable the model in the catalog ("enabled": true).',
	LICENSE:
		'Add a model that may be used commercially, or drop commercial_use where the use is not commercial.',
	INPUTS:
		'Give the input image (and mask) that the purpose needs, or choose a purpose that needs none.',
	SIZE: 'Ask for a size within the limits of a model of this purpose.',
	QUALITY_FLOOR: 'Lower the quality floor, or add a better model to the catalog.',
	UNREACHABLE:
		'Check that the ComfyUI server runs and that its address and authentication are right.',
	QUEUE_FULL: 'Try again later, or raise max_queue of the server.',
	MAX_COST: 'Raise max_cost, lower the quality floor, or use a cheaper server.',
};

function pinRefusal(
	pin: string | null,
	asked: UnderstoodRequest,
	prepared: PreparedCatalog,
): { message: string; hint: string } {
	if (pin === null) {
		return {
			message: `Every model for "${asked.request.purpose}" is excluded by the request.`,
			hint: 'Shorten exclude_models.',
		};
	}
	const known = prepared.modelsByName.get(pin);
	if (known === undefined) {
		const names = prepared.models.map((model) => model.name);
		return {
			message: `The catalog has no model named "${pin}".`,
			hint: `Known models: ${names.slice(0, 30).join(', ')}.`,
		};
	}
	if (asked.exclude?.has(pin)) {
		return { message: `Model "${pin}" is both pinned and excluded.`, hint: 'Drop one of the two.' };
	}
	return {
		message: `The pinned model "${pin}" does not serve the purpose "${asked.request.purpose}".`,
		hint: `It serves: ${Object.keys(known.model.purposes).join(', ')}.`,
	};
}

function presetRefusal({ request }: UnderstoodRequest, prepared: PreparedCatalog): Rejection {
	const { model_name: pin, preset_name: preset, purpose } = request;
	const model = pin == null ? undefined : prepared.modelsByName.get(pin);
	if (model === undefined) {
		return {
			code: 'EXCLUDED',
			message: `No model for "${purpose}" that may be chosen has a preset named "${preset}".`,
			hint: 'Name a model with it (model_name), or leave preset_name out.',
		};
	}
	return {
		code: 'EXCLUDED',
		message: `The model "${pin}" has no preset named "${preset}".`,
		hint: `It has: ${model.presets.map((one) => one.preset.name).join(', ')}.`,
	};
}

/** Names what is there, because the next question is "but I do have models". */
function notInstalled(fleet: FleetSnapshot, what: string): { message: string; hint: string } {
	const found = [
		...new Set(fleet.servers.flatMap((server) => server.installed_files ?? [])),
	].sort();
	const shown = found.slice(0, SHOWN_FILES).join(', ');
	const more = found.length > SHOWN_FILES ? ` and ${found.length - SHOWN_FILES} more` : '';
	return {
		message: `No model of the catalog that could serve the request is installed: ${what} Found there: ${found.length === 0 ? 'no model files' : shown + more}.`,
		hint: 'Add the installed models to the catalog with "comfyui-router update-models-config --catalog <file> --server <url> --write", or install the missing files.',
	};
}

/** No candidate reaches the probability that the policy wants. */
export function lateRefusal(table: CandidateTable, asked: UnderstoodRequest): Rejection {
	const needed = refusalThreshold(asked);
	let least = Infinity;
	let nearest = table.at(0);
	for (let row = 0; row < table.count; row++) {
		const candidate = table.at(row);
		const seconds = quantile(candidate.totalMean, candidate.totalVariance, needed);
		if (seconds < least) {
			least = seconds;
			nearest = candidate;
		}
	}
	const leastDeadline = acceptedDeadline(nearest, least, needed);
	return {
		code: 'LATE',
		message: `Nothing reaches ${formatPercent(needed)} probability of finishing within ${formatSeconds(Math.max(0, asked.deadlineSeconds))}; the nearest is ${candidateName(nearest)} with ${formatPercent(nearest.onTime)}.`,
		hint: `The least deadline that would be accepted is ${leastDeadline} s (deadline_seconds), or set if_late to best_effort.`,
		least_deadline_seconds: leastDeadline,
	};
}

/**
 * Rounded up to milliseconds, so that asking with exactly this deadline is accepted: the quantile and the probability are
 * approximations of their own, which may disagree in the seventh digit.
 */
function acceptedDeadline(nearest: Candidate, least: number, needed: number): number {
	const { totalMean, totalVariance } = nearest;
	let deadline = Math.ceil(least * 1000) / 1000;
	for (let margin = 1e-7; margin < 1; margin *= 2) {
		if (probabilityWithin(totalMean, totalVariance, deadline) >= needed) break;
		deadline = Math.ceil(least * (1 + margin) * 1000) / 1000;
	}
	return deadline;
}

/** The probability a policy needs where lateness is refused. */
export function refusalThreshold(asked: UnderstoodRequest): number {
	return asked.policy === 'most_certain' ? LATE_BELOW : asked.onTimeTarget;
}
