/**
 * All candidates that pass the hard filters, with their estimates. Owns filtering and the columns; chooses nothing.
 */
import { median, probabilityWithin } from '../estimate/log-normal';
import type { QuotaState } from '../selection/types';
import {
	type CalibrationFactors,
	type CalibrationLookup,
	UNCALIBRATED,
} from './calibration-lookup';
import { type CandidateTable, type Figures, figures, type PresetPlan } from './candidate';
import {
	candidateOf,
	isRoomyFor,
	isTight,
	loadSecondsOn,
	missingBytes,
	peakBytesOn,
	runCvOf,
	runSecondsOn,
	serviceTimeOf,
	serviceVariance,
} from './estimate-candidate';
import type { Exclusions } from './exclusions';
import type { QualityLookup } from './learned-quality';
import { modelReason } from './model-filters';
import { planPreset } from './plan-preset';
import type { PreparedCatalog, PreparedModel } from './prepared-catalog';
import { quotaMiss } from './quota-filter';
import { distinctServers, isInstalled, type ServerState } from './server-state';
import type { UnderstoodRequest } from './understood-request';

/** Below this two times, or two costs, are the same figure computed in another order: a tie, to be broken as one. */
const TIE_GRAIN = 1e9;

export interface EnumerationInput {
	prepared: PreparedCatalog;
	asked: UnderstoodRequest;
	states: ServerState[];
	calibration: CalibrationLookup | null;
	/** All must cover a candidate; null: nothing limits the user. */
	quotas: readonly QuotaState[] | null;
	/** Learned from opinions; null: the catalog's figures. */
	learned: QualityLookup | null;
	/** Which of the candidates left are wanted. Default: all. */
	keep?: (plan: PresetPlan, server: ServerState) => boolean;
	/** Collects why candidates were ruled out; null where nobody wants to know. */
	exclusions: Exclusions | null;
}

/** Every candidate left after the hard filters, in the order of catalog and snapshot. */
export function enumerateCandidates(input: EnumerationInput): CandidateTable {
	const rows = rowsOf(input);
	const count = rows.plans.length;
	const typicalPrice = typicalPriceOf(rows.servers);
	// a plan over several jobs reads no figures but those of what it starts
	let tight: Uint8Array | null = null;
	let columns: { asIs: Figures; idle: Figures } | null = null;
	return {
		count,
		plans: rows.plans,
		servers: rows.servers,
		quality: rows.plans.map((plan) => plan.quality),
		get asIs() {
			columns ??= columnsOf(rows, typicalPrice, input);
			return columns.asIs;
		},
		get idle() {
			columns ??= columnsOf(rows, typicalPrice, input);
			return columns.idle;
		},
		at: (row) => {
			const plan = rows.plans[row] as PresetPlan;
			const server = rows.servers[row] as ServerState;
			const { asked, prepared } = input;
			const factors = factorsOf(plan, server, input.calibration);
			const { currency } = prepared.catalog;
			return candidateOf(plan, server, factors, asked.deadlineSeconds, typicalPrice, currency);
		},
		get tight() {
			tight ??= tightColumn(rows, input);
			return tight;
		},
		service: (row) => {
			const plan = rows.plans[row] as PresetPlan;
			const server = rows.servers[row] as ServerState;
			const factors = factorsOf(plan, server, input.calibration);
			return serviceTimeOf(plan, server, factors, typicalPrice);
		},
	};
}

function tightColumn({ plans, servers }: Rows, { calibration }: EnumerationInput): Uint8Array {
	const column = new Uint8Array(plans.length);
	const leastRoom = distinctServers(servers).reduce(
		(least, server) => Math.min(least, (server.availableBytes ?? 0) + server.reserveBytes),
		Infinity,
	);
	for (let row = 0; row < plans.length; row++) {
		const plan = plans[row] as PresetPlan;
		// mostly it is far from tight everywhere, and this is asked for every candidate of every decision
		if (calibration === null && isRoomyFor(plan, leastRoom)) continue;
		const server = servers[row] as ServerState;
		if (isTight(plan, server, factorsOf(plan, server, calibration))) column[row] = 1;
	}
	return column;
}

/** Mean price per second of the priced servers that can serve the request: others change nothing. 1: none has one. */
function typicalPriceOf(servers: readonly ServerState[]): number {
	let sum = 0;
	let count = 0;
	for (const { pricePerSecond } of distinctServers(servers)) {
		if (pricePerSecond === null) continue;
		sum += pricePerSecond;
		count++;
	}
	return count === 0 ? 1 : sum / count;
}

interface Rows {
	plans: PresetPlan[];
	servers: ServerState[];
}

/** The figures of all rows, on the fleet as it is and on the same with empty queues. */
function columnsOf(
	rows: Rows,
	typicalPrice: number,
	input: EnumerationInput,
): { asIs: Figures; idle: Figures } {
	const count = rows.plans.length;
	const asIs = figures(count);
	const loaded = input.states.some((state) => state.server.queue.length > 0);
	const idle = loaded ? figures(count) : asIs;
	for (let row = 0; row < count; row++) {
		const plan = rows.plans[row] as PresetPlan;
		const server = rows.servers[row] as ServerState;
		fillRow(row, plan, server, typicalPrice, input, asIs, loaded ? idle : null);
	}
	return { asIs, idle };
}

/** The pairs of plan and server that pass every filter. */
function rowsOf(input: EnumerationInput): Rows {
	const plans: PresetPlan[] = [];
	const servers: ServerState[] = [];
	for (const model of input.prepared.models) {
		const reason = modelReason(model, input.asked);
		if (reason !== null) {
			input.exclusions?.add(reason, model, null, null);
			continue;
		}
		let usable: ServerState[] | null = null;
		for (const preset of model.presets) {
			const plan = planPreset(model, preset, input.asked, input.learned, input.exclusions);
			if (plan === null) continue;
			usable ??= usableServers(model, input);
			for (const server of usable) {
				if (!fits(plan, server, input)) continue;
				if (input.keep && !input.keep(plan, server)) continue;
				plans.push(plan);
				servers.push(server);
			}
		}
	}
	return { plans, servers };
}

function usableServers(model: PreparedModel, input: EnumerationInput): ServerState[] {
	return input.states.filter((server) => {
		if (!server.reachable) {
			input.exclusions?.add('UNREACHABLE', model, null, server);
			return false;
		}
		if (model.files.every((file) => isInstalled(server.installed, file))) return true;
		input.exclusions?.add('NOT_INSTALLED', model, null, server);
		return false;
	});
}

function factorsOf(
	plan: PresetPlan,
	server: ServerState,
	calibration: CalibrationLookup | null,
): CalibrationFactors {
	if (calibration === null) return UNCALIBRATED;
	return calibration(plan.model.name, plan.prepared.preset.name, server.name);
}

/** The filters of a plan on a server: LoRAs, memory, queue, cost cap, quota. */
function fits(plan: PresetPlan, server: ServerState, input: EnumerationInput): boolean {
	const { exclusions, asked } = input;
	const { model, prepared } = plan;
	if (!prepared.loraFiles.every((file) => isInstalled(server.installed, file))) {
		exclusions?.add('NOT_INSTALLED', model, prepared, server);
		return false;
	}
	const factors = factorsOf(plan, server, input.calibration);
	if (missingBytes(plan, server, factors) > 0 || server.availableBytes === null) {
		if (!fitsPaged(plan, server, factors, input)) return false;
	}
	if (server.queueFull) {
		exclusions?.add('QUEUE_FULL', model, prepared, server, server.waitMean, server.waitMean);
		return false;
	}
	if (asked.request.max_cost == null && input.quotas === null) return true;
	return withinLimits(plan, server, factors, input);
}

/** Where the peak does not fit: eligible only by paging weights, and only where the caller allows it. */
function fitsPaged(
	plan: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
	input: EnumerationInput,
): boolean {
	const available = server.availableBytes;
	const paged = available !== null && available >= plan.offloadFloorBytes * factors.vram;
	if (paged && input.asked.request.allow_offload) return true;
	const peak = peakBytesOn(plan, server, factors);
	const code = paged ? 'VRAM_OFFLOAD' : 'VRAM';
	input.exclusions?.add(code, plan.model, plan.prepared, server, peak - (available ?? 0), peak);
	return false;
}

function withinLimits(
	plan: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
	input: EnumerationInput,
): boolean {
	const { asked, quotas, exclusions } = input;
	const gpuSeconds =
		runSecondsOn(plan, server, factors) + loadSecondsOn(plan, server.residentKey, factors);
	const cost = gpuSeconds * (server.pricePerSecond ?? 1);
	const cap = asked.request.max_cost;
	if (cap != null && cost > cap) {
		exclusions?.add('MAX_COST', plan.model, plan.prepared, server, cost - cap, cost);
		return false;
	}
	if (quotas === null) return true;
	const images = asked.request.batch_size;
	// a server without a price costs no money
	const money = server.pricePerSecond === null ? 0 : cost;
	const miss = quotaMiss(quotas, { images, gpuSeconds, cost: money });
	if (miss === null) return true;
	exclusions?.add('QUOTA', plan.model, plan.prepared, server, gpuSeconds, gpuSeconds, miss);
	return false;
}

function fillRow(
	row: number,
	plan: PresetPlan,
	server: ServerState,
	typicalPrice: number,
	input: EnumerationInput,
	asIs: Figures,
	idle: Figures | null,
): void {
	const factors = factorsOf(plan, server, input.calibration);
	const run = runSecondsOn(plan, server, factors);
	const runCv = runCvOf(plan, factors);
	const price = server.pricePerSecond ?? typicalPrice;
	const deadline = input.asked.deadlineSeconds;
	const load = loadSecondsOn(plan, server.residentKey, factors);
	const variance = serviceVariance(run, runCv, load);
	fill(asIs, row, load + run, variance, server.waitMean, server.waitVariance, price, deadline);
	if (idle === null) return;
	if (server.server.queue.length === 0) return copyRow(asIs, idle, row);
	const idleLoad = loadSecondsOn(plan, server.idleResidentKey, factors);
	fill(idle, row, idleLoad + run, serviceVariance(run, runCv, idleLoad), 0, 0, price, deadline);
}

function copyRow(from: Figures, to: Figures, row: number): void {
	to.onTime[row] = from.onTime[row] as number;
	to.p50[row] = from.p50[row] as number;
	to.comparableCost[row] = from.comparableCost[row] as number;
	to.gpuSeconds[row] = from.gpuSeconds[row] as number;
}

function fill(
	into: Figures,
	row: number,
	gpuSeconds: number,
	variance: number,
	waitMean: number,
	waitVariance: number,
	price: number,
	deadline: number,
): void {
	const mean = waitMean + gpuSeconds;
	const total = waitVariance + variance;
	into.onTime[row] = probabilityWithin(mean, total, deadline);
	into.p50[row] = Math.round(median(mean, total) * TIE_GRAIN) / TIE_GRAIN;
	into.comparableCost[row] = Math.round(gpuSeconds * price * TIE_GRAIN) / TIE_GRAIN;
	into.gpuSeconds[row] = gpuSeconds;
}
