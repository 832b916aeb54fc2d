/** The candidates that lost and why: the best other of each model, and one of each reason code. */
import type { Alternative, ReasonCode } from '../selection/types';
import { cleanText } from '../text';
import { formatGb, formatSeconds } from '../units';
import type { Candidate, CandidateTable } from './candidate';
import type { Exclusion, Exclusions } from './exclusions';
import type { Choice } from './policy';
import { lossCode, lossReason } from './losses';
import { missSentence } from './quota-filter';
import { formatPercent } from './reason';
import type { ServerState } from './server-state';
import type { UnderstoodRequest } from './understood-request';

/** Most alternatives an answer carries. */
export const MAX_ALTERNATIVES = 20;

/** Most that is quoted of what a snapshot says about an unreachable server. */
const LONGEST_ERROR = 300;

/** One sentence for a candidate (or a whole model) that a filter ruled out. */
export function exclusionReason(exclusion: Exclusion, asked: UnderstoodRequest): string {
	const { code, model, prepared, server, figure } = exclusion;
	const { request } = asked;
	const name = prepared === null ? model.name : `${model.name} / ${prepared.preset.name}`;
	switch (code) {
		case 'PURPOSE':
			return `${name} is not meant for "${request.purpose}".`;
		case 'DISABLED':
			return `${name} is disabled in the catalog.`;
		case 'EXCLUDED':
			return excludedReason(name, exclusion, asked);
		case 'LICENSE':
			return `${name} may not be used commercially (${model.model.license ?? 'no licence given'}).`;
		case 'INPUTS':
			return inputsReason(name, exclusion, asked);
		case 'SIZE':
			return sizeReason(name, exclusion, asked);
		case 'QUALITY_FLOOR':
			return `${name} has quality ${figure.toFixed(2)}, below the floor of ${asked.qualityFloor.toFixed(2)}.`;
		case 'UNREACHABLE':
			return unreachableReason(server);
		case 'NOT_INSTALLED':
			return `${name} is not completely installed on ${server?.name}.`;
		case 'VRAM':
		case 'VRAM_OFFLOAD':
			return vramReason(name, exclusion);
		case 'QUEUE_FULL':
			return `The queue of ${server?.name} is full (${formatSeconds(figure)} of work).`;
		case 'MAX_COST':
			return costReason(name, exclusion);
		case 'QUOTA':
			return `${name} on ${server?.name} needs ${exclusion.miss ? missSentence(exclusion.miss) : 'more than is left'}.`;
		default:
			return `${name} cannot serve the request.`;
	}
}

function excludedReason(
	name: string,
	{ model, prepared }: Exclusion,
	{ request }: UnderstoodRequest,
): string {
	if (request.model_name != null && request.model_name !== model.name) {
		return `${name}: the request pins ${request.model_name}.`;
	}
	return prepared === null
		? `${name} is excluded by the request.`
		: `${name}: the request pins the preset ${request.preset_name}.`;
}

function costReason(name: string, { server, figure, shortfall }: Exclusion): string {
	const unit = server?.pricePerSecond == null ? ' GPU seconds (no price is known)' : '';
	const rounded = (cost: number): number => Number(cost.toPrecision(3));
	return `${name} on ${server?.name} costs ${rounded(figure)}${unit}, ${rounded(shortfall)} above the cap.`;
}

function inputsReason(name: string, exclusion: Exclusion, asked: UnderstoodRequest): string {
	const inputs = exclusion.model.model.inputs.join(', ');
	if (asked.needsImage && asked.request.images.length === 0) {
		return `${name} needs an input image for "${asked.request.purpose}", and the request has none.`;
	}
	return `${name} takes ${inputs}, which is not what the request gives.`;
}

function sizeReason(name: string, exclusion: Exclusion, asked: UnderstoodRequest): string {
	const m = exclusion.model.model;
	const limits = `${m.min_width ?? 16}-${m.max_width ?? 16384} x ${m.min_height ?? 16}-${m.max_height ?? 16384}`;
	return `${name} takes ${limits} pixels, not ${asked.request.width ?? 'its own'} x ${asked.request.height ?? 'its own'}.`;
}

function vramReason(name: string, exclusion: Exclusion): string {
	const { code, server, figure, shortfall } = exclusion;
	if (server?.availableBytes == null) return `${name}: ${server?.name} reports no device.`;
	const slow = code === 'VRAM_OFFLOAD' ? ', it would run slowly with weights paged in and out' : '';
	return `${name} needs ${formatGb(figure)} on ${server.name}, where a run can get ${formatGb(Math.max(0, server.availableBytes))}: ${formatGb(shortfall)} missing${slow}.`;
}

function fromRow(input: AlternativesInput, row: number, best: Candidate): Alternative {
	const { table, wanted } = input;
	const candidate = table.at(row);
	const code = codeOf(input, row);
	return {
		model_name: candidate.plan.model.name,
		preset: candidate.plan.prepared.preset.name,
		server: candidate.server.name,
		reason_code: code,
		reason: wanted === undefined ? lossReason(code, candidate, best) : tooLate(candidate, wanted),
	};
}

function fromExclusion(exclusion: Exclusion, asked: UnderstoodRequest): Alternative {
	return {
		model_name: exclusion.model.name,
		preset: exclusion.prepared?.preset.name ?? null,
		server: exclusion.server?.name ?? null,
		reason_code: exclusion.code,
		reason: exclusionReason(exclusion, asked),
	};
}

/** Why the row is not the answer. Where lateness is refused, all of them are late. */
function codeOf({ table, choice, wanted }: AlternativesInput, row: number): ReasonCode {
	return wanted === undefined ? lossCode(table, row, choice as Choice) : 'LATE';
}

function tooLate(candidate: Candidate, wanted: number): string {
	return `On time with ${formatPercent(candidate.onTime)}, where ${formatPercent(wanted)} are wanted (expected in ${formatSeconds(candidate.p50)}).`;
}

/** The best row of each model beside the chosen one, best first. */
function bestOfModels(input: AlternativesInput): number[] {
	return bestPer(input, (row) => input.table.plans[row]?.model.name as string);
}

/** The best row of each reason it lost by, best first. */
function bestOfLosses(input: AlternativesInput): number[] {
	return bestPer(input, (row) => codeOf(input, row));
}

function bestPer(input: AlternativesInput, keyOf: (row: number) => string): number[] {
	const { table, wanted } = input;
	const choice = input.choice as Choice;
	const chosen = wanted === undefined ? choice.row : null;
	const best = new Map<string, number>();
	for (let row = 0; row < table.count; row++) {
		if (row === chosen) continue;
		const key = keyOf(row);
		const known = best.get(key);
		if (known === undefined || choice.compare(row, known) < 0) best.set(key, row);
	}
	return [...best.values()].sort(choice.compare);
}

/** What an answer shows beside the chosen candidate. */
export interface AlternativesInput {
	table: CandidateTable;
	choice: Choice | null;
	exclusions: Exclusions;
	asked: UnderstoodRequest;
	/** Where lateness is refused: the P(on time) that nothing reached. Then even the best candidate is only shown. */
	wanted?: number;
}

/** At most 20: one of each reason, then the best other candidate of each model, then the other excluded models. */
export function alternativesOf(input: AlternativesInput): Alternative[] {
	const { table, choice, exclusions, asked } = input;
	const out: Alternative[] = [];
	if (choice !== null) {
		const room = Math.max(0, MAX_ALTERNATIVES - exclusions.nearestByCode.size);
		const rows = [...new Set([...bestOfLosses(input), ...bestOfModels(input)])].slice(0, room);
		const best = table.at(choice.row);
		for (const row of rows.sort(choice.compare)) out.push(fromRow(input, row, best));
	}
	for (const exclusion of exclusions.nearestByCode.values())
		out.push(fromExclusion(exclusion, asked));
	const shown = new Set(out.map((alternative) => alternative.model_name));
	for (const exclusion of exclusions.latestByModel.values()) {
		if (out.length >= MAX_ALTERNATIVES) break;
		if (!shown.has(exclusion.model.name)) out.push(fromExclusion(exclusion, asked));
	}
	return out.slice(0, MAX_ALTERNATIVES);
}

/** What the client found out (connection refused, a login page, too slow) says more than that it failed. */
function unreachableReason(server: ServerState | null): string {
	if (server?.server.reachable) return `Server ${server.name} is draining: it takes no new jobs.`;
	const found = cleanText(server?.server.error ?? '', LONGEST_ERROR);
	return found === '' ? `Server ${server?.name} cannot be reached.` : found;
}
