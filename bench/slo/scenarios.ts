/**
 * The benchmark's scenarios: catalog, fleet, trace and truth from one seed. Load 1 means that running every job
 * with its purpose's best preset, warm, would take exactly the fleet's time.
 */
import type { Catalog } from '../../lib/catalog/schema';
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';
import { CandidateTable, type JobCandidate } from '../../simulator/replay/candidates';
import { type Random, seededRandom, mixSeed, pick } from '../../simulator/replay/random';
import { EXACT_TRUTH } from '../../simulator/replay/truth';
import type { TraceJob, Truth } from '../../simulator/replay/types';
import { type ArrivalPlan, bursts, onOff, poisson, tide } from './arrivals';
import { STUDY_MIX, STUDY_PURPOSES, drawnCatalog, studyCatalog } from './catalogs';

export interface Instance {
	catalog: Catalog;
	fleet: FleetSnapshot;
	trace: TraceJob[];
	truth: Truth;
	seed: number;
}

export interface Scenario {
	name: string;
	/** Of the capacity with best presets. */
	load: number;
	/** The catalog's figures are within 10 % of the truth on memory and no dynamic VRAM: an OOM is a fault. */
	oomIsFault: boolean;
	make(seed: number): Instance;
}

export interface ServerRow {
	speed: number;
	vramGib: number;
	hourlyCost: number;
}

/** What a "24 GB" card reports: 24564 MiB. */
const CARD_24 = { speed: 1, vramGib: 24564 / 1024, hourlyCost: 0.5 };
const FOUR_EQUAL: ServerRow[] = [CARD_24, CARD_24, CARD_24, CARD_24];
const TWO_EQUAL: ServerRow[] = [CARD_24, CARD_24];
const UNEQUAL: ServerRow[] = [
	{ speed: 1.8, vramGib: 32, hourlyCost: 0.9 },
	CARD_24,
	{ speed: 0.55, vramGib: 24564 / 1024, hourlyCost: 0.25 },
	{ speed: 0.4, vramGib: 16380 / 1024, hourlyCost: 0.2 },
];
const HOUR = 3600;

interface Draft {
	name: string;
	load: number;
	servers?: ServerRow[];
	hours?: number;
	catalog?: 'study' | 'drawn';
	arrivals?: (plan: ArrivalPlan) => number[];
	/** Purpose of the n-th job. */
	purpose?: (random: Random, n: number) => string;
	/** More lines, added to the stream. */
	extra?: (random: Random, catalog: Catalog) => TraceJob[];
	truth?: (random: Random, servers: readonly FleetServer[]) => Partial<Truth>;
	oomIsFault?: boolean;
}

export function fleetOf(rows: readonly ServerRow[]): FleetSnapshot {
	return {
		servers: rows.map((row, i) => ({
			name: `gpu-${i + 1}`,
			url: `http://gpu-${i + 1}:8188`,
			reachable: true,
			hourly_cost: row.hourlyCost,
			speed_factor: row.speed,
			devices: [
				{
					name: 'cuda:0',
					type: 'cuda',
					vram_total: row.vramGib * 1024 ** 3,
					vram_free: row.vramGib * 1024 ** 3,
					torch_vram_total: 0,
					torch_vram_free: 0,
				},
			],
			queue: [],
			loaded_model: null,
			installed_files: null,
		})),
	};
}

/** The purpose's best preset at its reference size, by the catalog. */
export function bestCandidate(catalog: Catalog, purpose: string): JobCandidate {
	const candidates = new CandidateTable(catalog).of({
		index: 0,
		jobId: '',
		trace: traceJob(0, purpose, 'normal', null, 0),
		arrivedAtSeconds: 0,
		deadlineAtSeconds: 0,
		excludedModels: new Set(),
	});
	const [top] = [...candidates].sort(
		(a, b) => b.quality - a.quality || a.runSeconds - b.runSeconds,
	);
	if (!top) throw new RangeError(`No model for ${purpose}.`);
	return top;
}

export function traceJob(
	arrivalSeconds: number,
	purpose: string,
	urgency: string,
	deadlineSeconds: number | null,
	minQuality: number,
): TraceJob {
	return {
		arrivalSeconds,
		purpose,
		urgency,
		deadlineSeconds,
		minQuality,
		width: null,
		height: null,
		batchSize: 1,
		userId: null,
	};
}

function drawnPurpose(random: Random): string {
	return pick(random, STUDY_PURPOSES, Object.values(STUDY_MIX));
}

/** 20 % urgent, 60 % normal, 20 % flexible; deadlines 1.2 to 5 times the warm time of the purpose's best model. */
function drawnJob(random: Random, catalog: Catalog, at: number, purpose: string): TraceJob {
	const urgency = pick(random, ['urgent', 'normal', 'flexible'], [0.2, 0.6, 0.2]);
	const factor = {
		urgent: pick(random, [1.2, 1.5]),
		normal: pick(random, [1.5, 2.5]),
		flexible: 5,
	}[urgency] as number;
	const top = bestCandidate(catalog, purpose);
	const wanted = pick(random, [0, 0.5, 0.7], [0.6, 0.2, 0.2]);
	// no floor that the catalog cannot reach
	const floor = Math.min(wanted, Number((0.9 * top.quality).toFixed(3)));
	return traceJob(at, purpose, urgency, factor * top.runSeconds, floor);
}

/** Times wrong by up to 30 %, loads too, memory by up to 10 %; noise and a rare tail. */
function drawnTruth(random: Random, catalog: Catalog): Truth {
	const factors = (low: number, high: number): Record<string, number> =>
		Object.fromEntries(
			catalog.models.map(({ name }) => [
				name,
				Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * random()),
			]),
		);
	return {
		...EXACT_TRUTH,
		time_factor: factors(1 / 1.3, 1.3),
		load_factor: factors(1 / 1.3, 1.3),
		vram_factor: factors(0.9, 1.1),
		noise_cv: 0.05,
		tail_probability: 0.01,
		tail_factor: 3,
	};
}

function scenario(draft: Draft): Scenario {
	const { name, load, arrivals = bursts, hours = 1 } = draft;
	return { name, load, oomIsFault: draft.oomIsFault ?? true, make };

	function make(seed: number): Instance {
		// every scenario draws its own truth and jobs from the same seed
		const own = [...name].reduce((sum, letter) => mixSeed(sum, letter.charCodeAt(0)), 0);
		const stream = (salt: number): Random => seededRandom(mixSeed(seed, salt, own));
		const catalog = draft.catalog === 'drawn' ? drawnCatalog(stream(1)) : studyCatalog();
		const fleet = fleetOf(draft.servers ?? FOUR_EQUAL);
		const kinds = stream(2);
		const purpose = draft.purpose ?? drawnPurpose;
		// the mix's mean work, by drawing from it: purposes may depend on the position
		const sample = stream(3);
		const draws = Array.from(
			{ length: 400 },
			(_, n) => bestCandidate(catalog, purpose(sample, n)).runSeconds,
		);
		const meanSeconds = draws.reduce((a, b) => a + b, 0) / draws.length;
		const speed = fleet.servers.reduce((sum, server) => sum + (server.speed_factor ?? 1), 0);
		const plan = {
			random: stream(4),
			perSecond: (load * speed) / meanSeconds,
			horizonSeconds: hours * HOUR,
		};
		const trace = arrivals(plan).map((at, n) => drawnJob(kinds, catalog, at, purpose(kinds, n)));
		trace.push(...(draft.extra?.(stream(5), catalog) ?? []));
		trace.sort((a, b) => a.arrivalSeconds - b.arrivalSeconds);
		const truth = { ...drawnTruth(stream(6), catalog), ...draft.truth?.(stream(7), fleet.servers) };
		return { catalog, fleet, trace, truth, seed };
	}
}

/** 200 jobs at once, due within 5 to 30 minutes. */
function drop(random: Random): TraceJob[] {
	return Array.from({ length: 200 }, () =>
		traceJob(600, drawnPurpose(random), 'flexible', 300 + 1500 * random(), 0),
	);
}

/** Another process takes 6 to 12 GB on one server after another, for 3 to 8 minutes each. */
function coTenants(random: Random, servers: readonly FleetServer[]): Partial<Truth> {
	return {
		co_tenant: servers.flatMap((server) =>
			[0, 1, 2].map((turn) => ({
				server: server.name,
				at_seconds: turn * 1200 + 700 * random(),
				for_seconds: 180 + 300 * random(),
				bytes: (6 + 6 * random()) * 1e9,
			})),
		),
	};
}

/** Every server goes down once, for 2 to 6 minutes. */
function outages(random: Random, servers: readonly FleetServer[]): Partial<Truth> {
	return {
		failures: servers.map((server) => ({
			server: server.name,
			at_seconds: 300 + 2700 * random(),
			for_seconds: 120 + 240 * random(),
		})),
	};
}

const ALTERNATION = ['photo', 'text_rendering', 'photo', 'illustration'];

export const SCENARIOS: readonly Scenario[] = [
	scenario({ name: 'steady-0.5', load: 0.5, arrivals: poisson }),
	scenario({ name: 'bursts-0.5', load: 0.5 }),
	scenario({ name: 'bursts-0.8', load: 0.8 }),
	scenario({ name: 'bursts-1.0', load: 1 }),
	scenario({ name: 'bursts-1.3', load: 1.3 }),
	scenario({ name: 'day-tide-0.8', load: 0.8, servers: TWO_EQUAL, hours: 8, arrivals: tide }),
	scenario({ name: 'on-off-0.8', load: 0.8, arrivals: onOff }),
	scenario({ name: 'drop-200', load: 0.4, arrivals: poisson, extra: drop }),
	scenario({
		name: 'alternating-0.8',
		load: 0.8,
		servers: TWO_EQUAL,
		hours: 2,
		arrivals: poisson,
		purpose: (_random, n) => ALTERNATION[n % ALTERNATION.length] as string,
	}),
	scenario({
		name: 'starvation-1.0',
		load: 1,
		servers: TWO_EQUAL,
		hours: 2,
		arrivals: poisson,
		purpose: (random) => (random() < 0.92 ? 'photo' : 'text_rendering'),
	}),
	scenario({ name: 'unequal-0.8', load: 0.8, servers: UNEQUAL }),
	scenario({ name: 'co-tenant-0.8', load: 0.8, truth: coTenants }),
	scenario({ name: 'failures-0.8', load: 0.8, truth: outages }),
	scenario({
		name: 'dynamic-vram-1.0',
		load: 1,
		truth: (random, servers) => ({ ...coTenants(random, servers), dynamic_vram: true }),
		oomIsFault: false,
	}),
	scenario({ name: 'drawn-0.8', load: 0.8, catalog: 'drawn' }),
	scenario({ name: 'drawn-1.2', load: 1.2, catalog: 'drawn' }),
	scenario({ name: 'single-0.8', load: 0.8, servers: [CARD_24], hours: 3 }),
];

/** Seeds of the suite. Nobody tunes on them. */
export function suiteSeeds(count: number): number[] {
	return Array.from({ length: count }, (_, i) => mixSeed(0x5175, i));
}

/** Seeds for tuning; disjoint from the suite's. */
export function tuningSeeds(count: number): number[] {
	return Array.from({ length: count }, (_, i) => mixSeed(0x7075, i));
}
