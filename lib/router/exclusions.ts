/** Why candidates were ruled out. Keeps what an answer shows: one of each code, and the nearest miss. */
import type { ReasonCode } from '../selection/types';
import type { PreparedModel, PreparedPreset } from './prepared-catalog';
import type { QuotaMiss } from './quota-filter';
import type { ServerState } from './server-state';

/**
 * The order in which filters are asked, from what the caller asked for to what the fleet can do. A refusal is named
 * after the last stage any candidate reached: that is what would have to change.
 */
export const FILTER_ORDER: readonly ReasonCode[] = [
	'PURPOSE',
	'DISABLED',
	'EXCLUDED',
	'LICENSE',
	'INPUTS',
	'SIZE',
	'QUALITY_FLOOR',
	'UNREACHABLE',
	'NOT_INSTALLED',
	'VRAM',
	'VRAM_OFFLOAD',
	'QUEUE_FULL',
	'MAX_COST',
	'QUOTA',
];

const STAGE = new Map(FILTER_ORDER.map((code, stage) => [code, stage]));

export interface Exclusion {
	code: ReasonCode;
	model: PreparedModel;
	prepared: PreparedPreset | null;
	server: ServerState | null;
	/** How far off: bytes missing, quality missing, cost above the cap; 0 where there is no measure. */
	shortfall: number;
	/** The candidate's own figure: peak bytes, quality, cost. */
	figure: number;
	/** With QUOTA: the quota in the way. */
	miss: QuotaMiss | null;
}

/** Collects exclusions in the order they come. */
export class Exclusions {
	readonly nearestByCode = new Map<ReasonCode, Exclusion>();
	/** The exclusion at the latest stage, per model. */
	readonly latestByModel = new Map<string, Exclusion>();

	add(
		code: ReasonCode,
		model: PreparedModel,
		prepared: PreparedPreset | null,
		server: ServerState | null,
		shortfall = 0,
		figure = 0,
		miss: QuotaMiss | null = null,
	): void {
		const nearest = this.nearestByCode.get(code);
		const known = this.latestByModel.get(model.name);
		const isNearest = nearest === undefined || shortfall < nearest.shortfall;
		const isLatest = known === undefined || stageOf(code) > stageOf(known.code);
		if (!isNearest && !isLatest) return;
		const exclusion = { code, model, prepared, server, shortfall, figure, miss };
		if (isNearest) this.nearestByCode.set(code, exclusion);
		if (isLatest) this.latestByModel.set(model.name, exclusion);
	}

	/** The exclusion that a refusal is named after. */
	last(): Exclusion | null {
		let last: Exclusion | null = null;
		for (const exclusion of this.nearestByCode.values()) {
			if (last === null || stageOf(exclusion.code) > stageOf(last.code)) last = exclusion;
		}
		return last;
	}
}

function stageOf(code: ReasonCode): number {
	return STAGE.get(code) ?? -1;
}
