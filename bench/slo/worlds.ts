/**
 * Worlds drawn at random: catalog, fleet, arrivals, deadlines, floors and truth all differ from one seed to the next.
 * What holds on the average of them is no property of the suite's scenarios.
 */
import { parseCatalog } from '../../lib/catalog/parse';
import type { Catalog } from '../../lib/catalog/schema';
import type { FleetSnapshot } from '../../lib/fleet/types';
import { mixSeed, pick, type Random, seededRandom } from '../../simulator/replay/random';
import type { TraceJob, Truth } from '../../simulator/replay/types';
import { EXACT_TRUTH } from '../../simulator/replay/truth';
import { bursts, onOff, poisson } from './arrivals';
import { bestCandidate, fleetOf, type Instance, traceJob } from './scenarios';

/** All jobs ask for quality, or each urgency has the policy it has by default. */
export type UrgencyPolicies = 'quality' | 'default';

const PURPOSES = ['photo', 'portrait', 'product', 'illustration', 'poster', 'draft', 'anime'];
const SOUND_LOADS = [0.5, 0.65, 0.8, 0.9, 1, 1.15, 1.3];
const CARDS_GIB = [8, 12, 16, 24, 24, 32, 48];

const between = (random: Random, low: number, high: number): number =>
	low + (high - low) * random();
const logBetween = (random: Random, low: number, high: number): number =>
	Math.exp(between(random, Math.log(low), Math.log(high)));
const whole = (random: Random, low: number, high: number): number =>
	low + Math.floor(random() * (high - low + 1));

function drawnModels(random: Random, purposes: readonly string[]): unknown[] {
	const count = whole(random, 3, 10);
	const weights = Array.from({ length: count }, () => logBetween(random, 2.5, 26));
	return weights.map((weightsGb, i) => {
		// the first fits every card and serves everything, so that no purpose is without a model
		const size = i === 0 ? between(random, 2.5, 4.5) : weightsGb;
		const seconds = Math.min(120, logBetween(random, 0.6, 3) * size * between(random, 0.5, 1.5));
		const level = 0.35 + 0.25 * Math.log10(seconds) + between(random, -0.1, 0.15);
		const served = i === 0 ? purposes : purposes.filter(() => random() < 0.6);
		const measured = random() < 0.3;
		return {
			name: `model-${String.fromCharCode(97 + i)}`,
			family: 'unknown',
			commercial_use: true,
			files: { checkpoint: `model-${i}.safetensors` },
			purposes: Object.fromEntries(
				(served.length > 0 ? served : purposes.slice(0, 1)).map((purpose) => [
					purpose,
					Math.min(0.99, Math.max(0.15, level + between(random, -0.12, 0.12))),
				]),
			),
			vram_gb: size,
			vram_peak_gb: size * between(random, 1.05, 1.3) + between(random, 0.3, 2),
			load_seconds: between(random, 1, 4) + size * between(random, 0.3, 1.3),
			presets: drawnPresets(random, seconds, measured),
		};
	});
}

function drawnPresets(random: Random, seconds: number, measured: boolean): unknown[] {
	const presets = whole(random, 1, 4);
	const shrink = between(random, 1.5, 2.5);
	const loss = between(random, 0.02, 0.1);
	return Array.from({ length: presets }, (_, i) => ({
		name: `preset-${i}`,
		quality: Math.max(0.4, 1 - loss * i * between(random, 0.7, 1.5)),
		steps: Math.max(1, Math.round(40 / shrink ** i)),
		cfg: 1,
		reference: { width: 1024, height: 1024 },
		avg_time_seconds: seconds / shrink ** i,
		confidence: measured ? 'measured' : 'published',
	}));
}

function drawnFleet(random: Random): FleetSnapshot {
	const count = whole(random, 1, 8);
	const equal = random() < 0.4;
	const one = (): { speed: number; vramGib: number; hourlyCost: number } => {
		const speed = logBetween(random, 0.4, 2.2);
		return { speed, vramGib: pick(random, CARDS_GIB), hourlyCost: 0.5 * speed };
	};
	const first = one();
	return fleetOf(Array.from({ length: count }, () => (equal ? first : one())));
}

function drawnCatalog(random: Random, policies: UrgencyPolicies): Catalog {
	const purposes = PURPOSES.slice(0, whole(random, 2, PURPOSES.length));
	const policy = (own: string): string => (policies === 'quality' ? 'best_quality' : own);
	return parseCatalog({
		version: 1,
		urgency: {
			urgent: { target_seconds: 15, on_time_probability: 0.95, policy: policy('most_certain') },
			normal: { target_seconds: 90, on_time_probability: 0.9, policy: policy('best_quality') },
			flexible: { target_seconds: 3600, on_time_probability: 0.9, policy: policy('cheapest') },
		},
		models: drawnModels(random, purposes),
	});
}

function drawnTruth(random: Random, catalog: Catalog): Truth {
	const spread = pick(random, [1.05, 1.15, 1.3]);
	const factors = (low: number, high: number): Record<string, number> =>
		Object.fromEntries(catalog.models.map(({ name }) => [name, logBetween(random, low, high)]));
	return {
		...EXACT_TRUTH,
		time_factor: factors(1 / spread, spread),
		load_factor: factors(1 / spread, spread),
		vram_factor: factors(0.9, 1.1),
		noise_cv: pick(random, [0.03, 0.06, 0.12]),
		tail_probability: pick(random, [0, 0.01, 0.02]),
		tail_factor: 3,
	};
}

/** Models that fit on some card of the fleet, by the catalog. */
function usableCatalog(catalog: Catalog, fleet: FleetSnapshot): Catalog {
	const most = Math.max(...fleet.servers.map((server) => server.devices[0]?.vram_total ?? 0));
	const models = catalog.models.filter((model) => (model.vram_peak_gb ?? 0) * 1e9 < most - 0.5e9);
	return { ...catalog, models };
}

/** Jobs for about this many seconds of the fleet's best work. */
const JOBS = 220;

/** @param seed of everything in it */
export function drawnWorld(seed: number, policies: UrgencyPolicies = 'quality'): Instance {
	const stream = (salt: number): Random => seededRandom(mixSeed(seed, salt, 0x776f));
	const catalog = drawnCatalog(stream(1), policies);
	const fleet = drawnFleet(stream(2));
	const usable = usableCatalog(catalog, fleet);
	const purposes = [...new Set(usable.models.flatMap((model) => Object.keys(model.purposes)))];
	const random = stream(3);
	const weights = purposes.map(() => between(random, 0.2, 1));
	const means = purposes.map((purpose) => bestCandidate(usable, purpose).runSeconds);
	const total = weights.reduce((a, b) => a + b, 0);
	const meanSeconds = weights.reduce((sum, w, i) => sum + w * (means[i] as number), 0) / total;
	const speed = fleet.servers.reduce((sum, server) => sum + (server.speed_factor ?? 1), 0);
	const perSecond = (pick(random, SOUND_LOADS) * speed) / meanSeconds;
	const shape = pick(random, [poisson, bursts, bursts, onOff]);
	const horizonSeconds = Math.min(4 * 3600, Math.max(600, JOBS / perSecond));
	const times = shape({ random: stream(4), perSecond, horizonSeconds }).slice(0, 2 * JOBS);
	const kinds = stream(5);
	const trace = times.map((at): TraceJob => {
		const purpose = pick(kinds, purposes, weights);
		return drawnJob(kinds, usable, at, purpose);
	});
	return { catalog: usable, fleet, trace, truth: drawnTruth(stream(6), usable), seed };
}

function drawnJob(random: Random, catalog: Catalog, at: number, purpose: string): TraceJob {
	const urgency = pick(random, ['urgent', 'normal', 'flexible'], [0.25, 0.5, 0.25]);
	const [low, high] = { urgent: [1.2, 1.8], normal: [1.5, 3], flexible: [3, 5] }[urgency] as [
		number,
		number,
	];
	const top = bestCandidate(catalog, purpose);
	const wanted = pick(random, [0, 0.4, 0.6], [0.6, 0.2, 0.2]);
	const floor = Math.min(wanted, Number((0.9 * top.quality).toFixed(3)));
	return traceJob(at, purpose, urgency, between(random, low, high) * top.runSeconds, floor);
}

/** Seeds of worlds for tuning. */
export function tuningWorldSeeds(count: number): number[] {
	return Array.from({ length: count }, (_, i) => mixSeed(0x7777, i));
}

/** Seeds of worlds that nobody tunes on. */
export function heldOutWorldSeeds(count: number): number[] {
	return Array.from({ length: count }, (_, i) => mixSeed(0x4e1d, i));
}
