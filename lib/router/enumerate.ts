/**
 * All candidates that pass the hard filters. Owns filtering; estimates and chooses nothing.
 */
import type { QuotaState } from '../selection/types';
import { type CalibrationFactors, type CalibrationLookup, factorsOf } from './calibration-lookup';
import { CandidateColumns } from './candidate-columns';
import type { CandidateTable, PresetPlan } from './candidate';
import { loadSecondsOn, missingBytes, peakBytesOn, runSecondsOn } from './estimate-candidate';
import type { Exclusions } from './exclusions';
import type { QualityLookup } from './learned-quality';
import { modelReason } from './model-filters';
import { planPreset } from './plan-preset';
import type { PreparedCatalog, PreparedModel } from './prepared-catalog';
import { placed, type QueuePlaces } from './queue-place';
import { quotaMiss } from './quota-filter';
import { areInstalled, type ServerState } from './server-state';
import type { UnderstoodRequest } from './understood-request';

export interface EnumerationInput {
	prepared: PreparedCatalog;
	asked: UnderstoodRequest;
	states: ServerState[];
	/** Where the job may pass others of ours; null: nowhere. */
	places: QueuePlaces | null;
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
	const plans: PresetPlan[] = [];
	const servers: ServerState[] = [];
	const { asked, calibration, exclusions, prepared, states } = input;
	for (const model of prepared.models) {
		const reason = modelReason(model, asked);
		if (reason !== null) {
			exclusions?.add(reason, model, null, null);
			continue;
		}
		let usable: ServerState[] | null = null;
		for (const preset of model.presets) {
			const plan = planPreset(model, preset, asked, input.learned, exclusions);
			if (plan === null) continue;
			usable ??= usableServers(model, input);
			for (const atEnd of usable) {
				const server = placedOn(plan, atEnd, input);
				if (!fits(plan, server, input)) continue;
				if (input.keep && !input.keep(plan, server)) continue;
				plans.push(plan);
				servers.push(server);
			}
		}
	}
	return new CandidateColumns(plans, servers, {
		deadlineSeconds: asked.deadlineSeconds,
		currency: prepared.catalog.currency,
		calibration,
		queued: states.some(({ server }) => server.queue.length > 0),
	});
}

function placedOn(plan: PresetPlan, server: ServerState, input: EnumerationInput): ServerState {
	const places = input.places?.get(server.index);
	if (places === undefined) return server;
	return placed(plan, server, places, factorsOf(input.calibration, plan, server), input.asked);
}

function usableServers(model: PreparedModel, input: EnumerationInput): ServerState[] {
	return input.states.filter((server) => {
		if (!server.reachable) {
			input.exclusions?.add('UNREACHABLE', model, null, server);
			return false;
		}
		if (areInstalled(server.installed, model.files)) return true;
		input.exclusions?.add('NOT_INSTALLED', model, null, server);
		return false;
	});
}

/** The filters of a plan on a server: LoRAs, memory, queue, cost cap, quota. */
function fits(plan: PresetPlan, server: ServerState, input: EnumerationInput): boolean {
	const { exclusions, asked } = input;
	const { model, prepared } = plan;
	if (!areInstalled(server.installed, prepared.loraFiles)) {
		exclusions?.add('NOT_INSTALLED', model, prepared, server);
		return false;
	}
	const factors = factorsOf(input.calibration, plan, server);
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
