/** The figures of a decision's candidates, in columns that are computed when first read. Filters and chooses nothing. */
import { median, probabilityWithin } from '../estimate/log-normal';
import { type CalibrationFactors, type CalibrationLookup, factorsOf } from './calibration-lookup';
import {
	type Candidate,
	type CandidateTable,
	type Figures,
	figures,
	type PresetPlan,
	type ServiceTime,
} from './candidate';
import {
	candidateOf,
	isRoomyFor,
	isTight,
	loadSecondsOn,
	runCvOf,
	runSecondsOn,
	serviceTimeOf,
	serviceVariance,
} from './estimate-candidate';
import type { QuotaMiss } from './quota-filter';
import { distinctServers, type ServerState } from './server-state';

/** Below this two times, or two costs, are the same figure computed in another order: a tie, to be broken as one. */
const TIE_GRAIN = 1e9;

/** What the figures depend on beside plans and servers. */
export interface FiguresContext {
	deadlineSeconds: number;
	currency: string;
	calibration: CalibrationLookup | null;
	/** Any server of the fleet has a job queued. */
	queued: boolean;
}

/** A plan over several jobs reads no figures but those of what it starts; most decisions read none of the idle fleet. */
export class CandidateColumns implements CandidateTable {
	readonly count: number;
	readonly quality: number[];
	quota?: { miss: QuotaMiss; quality: number };
	readonly #typicalPrice: number;
	#asIs: Figures | null = null;
	#idle: Figures | null = null;
	#tight: Uint8Array | null = null;

	/** Row i is plan `plans[i]` on server `servers[i]`. */
	constructor(
		readonly plans: PresetPlan[],
		readonly servers: ServerState[],
		readonly context: FiguresContext,
	) {
		this.count = plans.length;
		this.quality = plans.map((plan) => plan.quality);
		this.#typicalPrice = typicalPriceOf(servers);
	}

	get asIs(): Figures {
		this.#asIs ??= this.#figuresAsIs();
		return this.#asIs;
	}

	get idle(): Figures {
		this.#idle ??= this.context.queued ? this.#figuresOnIdle() : this.asIs;
		return this.#idle;
	}

	get tight(): Uint8Array {
		this.#tight ??= this.#tightColumn();
		return this.#tight;
	}

	at(row: number): Candidate {
		const { deadlineSeconds, currency } = this.context;
		const factors = this.#factors(row);
		const [plan, server] = [this.#plan(row), this.#server(row)];
		return candidateOf(plan, server, factors, deadlineSeconds, this.#typicalPrice, currency);
	}

	service(row: number): ServiceTime {
		const factors = this.#factors(row);
		return serviceTimeOf(this.#plan(row), this.#server(row), factors, this.#typicalPrice);
	}

	idleOnTime(row: number): number {
		const plan = this.#plan(row);
		const server = this.#server(row);
		if (server.server.queue.length === 0) return this.asIs.onTime[row] as number;
		const factors = this.#factors(row);
		const run = runSecondsOn(plan, server, factors);
		const load = loadSecondsOn(plan, server.idleResidentKey, factors);
		const variance = serviceVariance(run, runCvOf(plan, factors), load);
		const { coldStartSeconds: start, coldStartVariance } = server;
		const mean = start + load + run;
		return probabilityWithin(mean, coldStartVariance + variance, this.context.deadlineSeconds);
	}

	#plan(row: number): PresetPlan {
		return this.plans[row] as PresetPlan;
	}

	#server(row: number): ServerState {
		return this.servers[row] as ServerState;
	}

	#factors(row: number): CalibrationFactors {
		return factorsOf(this.context.calibration, this.#plan(row), this.#server(row));
	}

	#figuresAsIs(): Figures {
		const into = figures(this.count);
		for (let row = 0; row < this.count; row++) {
			const { residentKey, waitMean, waitVariance } = this.#server(row);
			this.#fill(into, row, residentKey, waitMean, waitVariance);
		}
		return into;
	}

	#figuresOnIdle(): Figures {
		const { asIs } = this;
		const into = figures(this.count);
		for (let row = 0; row < this.count; row++) {
			const { server, idleResidentKey, coldStartSeconds, coldStartVariance } = this.#server(row);
			if (server.queue.length === 0) copyRow(asIs, into, row);
			else this.#fill(into, row, idleResidentKey, coldStartSeconds, coldStartVariance);
		}
		return into;
	}

	/** @param residentKey weights that the job finds when its turn comes */
	#fill(
		into: Figures,
		row: number,
		residentKey: string | null,
		waitMean: number,
		waitVariance: number,
	): void {
		const plan = this.#plan(row);
		const server = this.#server(row);
		const factors = this.#factors(row);
		const run = runSecondsOn(plan, server, factors);
		const load = loadSecondsOn(plan, residentKey, factors);
		const gpuSeconds = load + run;
		const mean = waitMean + gpuSeconds;
		const variance = waitVariance + serviceVariance(run, runCvOf(plan, factors), load);
		const cost = gpuSeconds * (server.pricePerSecond ?? this.#typicalPrice);
		into.onTime[row] = probabilityWithin(mean, variance, this.context.deadlineSeconds);
		into.p50[row] = Math.round(median(mean, variance) * TIE_GRAIN) / TIE_GRAIN;
		into.comparableCost[row] = Math.round(cost * TIE_GRAIN) / TIE_GRAIN;
		into.gpuSeconds[row] = gpuSeconds;
	}

	#tightColumn(): Uint8Array {
		const column = new Uint8Array(this.count);
		const isCalibrated = this.context.calibration !== null;
		const leastRoom = leastRoomOf(this.servers);
		for (let row = 0; row < this.count; row++) {
			const plan = this.#plan(row);
			// mostly it is far from tight everywhere, and this is asked for every candidate of every decision
			if (!isCalibrated && isRoomyFor(plan, leastRoom)) continue;
			if (isTight(plan, this.#server(row), this.#factors(row))) column[row] = 1;
		}
		return column;
	}
}

function copyRow(from: Figures, to: Figures, row: number): void {
	to.onTime[row] = from.onTime[row] as number;
	to.p50[row] = from.p50[row] as number;
	to.comparableCost[row] = from.comparableCost[row] as number;
	to.gpuSeconds[row] = from.gpuSeconds[row] as number;
}

function leastRoomOf(servers: readonly ServerState[]): number {
	return distinctServers(servers).reduce(
		(least, server) => Math.min(least, (server.availableBytes ?? 0) + server.reserveBytes),
		Infinity,
	);
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
