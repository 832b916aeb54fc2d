/**
 * Candidates: model x preset x server with their estimates for one request. Owns the figures; compares nothing.
 *
 * A decision looks at thousands of candidates and shows a few, so the figures that decide live in columns and a
 * candidate as an object is made only for what is shown.
 */
import type { VramPrediction } from '../estimate/vram';
import type { PreparedModel, PreparedPreset } from './prepared-catalog';
import type { QuotaMiss } from './quota-filter';
import type { ServerState } from './server-state';

/** What is the same for a preset on every server. */
export interface PresetPlan {
	model: PreparedModel;
	prepared: PreparedPreset;
	steps: number;
	cfg: number;
	width: number;
	height: number;
	/** 0 to 1. */
	quality: number;
	/** Mean warm run on the reference GPU, seconds. */
	referenceRunSeconds: number;
	peakBytes: number;
	/** Where a server expands weights stored in fp8 to 16 bit; null where it cannot matter. */
	expanded: VramPrediction['expanded'];
	offloadFloorBytes: number;
	negativeIgnored: boolean;
}

/** Seconds, and costs in the catalog's currency (GPU seconds where no price is known). */
export interface Candidate {
	plan: PresetPlan;
	server: ServerState;
	quality: number;
	loadSeconds: number;
	runSeconds: number;
	/** Of load + run, seconds squared. */
	variance: number;
	/** Queue + load + run. */
	totalMean: number;
	totalVariance: number;
	onTime: number;
	p50: number;
	/** Load + run: what the job takes of the GPU. */
	gpuSeconds: number;
	cost: number;
	costUnit: string;
	/** Cost on one scale where some servers have a price and others none. */
	comparableCost: number;
	peakBytes: number;
	/** True where weights would be paged in and out. */
	offloaded: boolean;
}

/** The figures a policy looks at, a column each. Plain arrays: for the usual few dozen rows they are made fastest. */
export interface Figures {
	/** P(on time). */
	onTime: number[];
	/** Median of the whole, seconds. */
	p50: number[];
	comparableCost: number[];
	gpuSeconds: number[];
}

/** All candidates of one decision. Row i is plan `plans[i]` on server `servers[i]`. */
export interface CandidateTable {
	count: number;
	plans: PresetPlan[];
	servers: ServerState[];
	quality: number[];
	/** On the fleet as it is. Computed when first read. */
	readonly asIs: Figures;
	/** On the same fleet with empty queues; the same columns where no queue holds anything. */
	readonly idle: Figures;
	/** P(on time) of one row on the fleet with empty queues. */
	idleOnTime: (row: number) => number;
	/** Set where a quota left no more than the cheapest: which, and the quality that it cost. */
	quota?: { miss: QuotaMiss; quality: number };
	/** The whole candidate of a row. */
	at: (row: number) => Candidate;
	/** 1 where the row's predicted peak fits, but would not if it were off by what such predictions are off by. */
	readonly tight: Uint8Array;
	/** What the row takes of its server, whatever is queued there. */
	service: (row: number) => ServiceTime;
}

/** Seconds (variance: squared). */
export interface ServiceTime {
	plan: PresetPlan;
	runSeconds: number;
	runVariance: number;
	coldLoadSeconds: number;
	/** Price of a second on this server over the fleet's typical price. */
	relativePrice: number;
	/** The predicted peak fits, but would not if it were off by what such predictions are off by. */
	tight: boolean;
}

export function figures(capacity: number): Figures {
	return {
		onTime: new Array<number>(capacity),
		p50: new Array<number>(capacity),
		comparableCost: new Array<number>(capacity),
		gpuSeconds: new Array<number>(capacity),
	};
}

/** Model, preset and server name, for sentences. */
export function candidateName(candidate: Candidate): string {
	return `${candidate.plan.model.name} / ${candidate.plan.prepared.preset.name} on ${candidate.server.name}`;
}

/** Names in a fixed order, so that ties always break the same way. */
export function compareNames(table: CandidateTable, a: number, b: number): number {
	const planA = table.plans[a] as PresetPlan;
	const planB = table.plans[b] as PresetPlan;
	const serverA = table.servers[a] as ServerState;
	const serverB = table.servers[b] as ServerState;
	return (
		compareText(planA.model.name, planB.model.name) ||
		compareText(planA.prepared.preset.name, planB.prepared.preset.name) ||
		compareText(serverA.name, serverB.name) ||
		serverA.index - serverB.index
	);
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
