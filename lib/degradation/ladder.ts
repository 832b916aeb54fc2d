/**
 * The ladder from a selection downwards: every lower way that is worth its loss, best first. Owns which ways there are
 * and their order; whether to go down is decided in predictive.ts and reactive.ts. Never below the request's floor.
 */
import { DEFAULT_QUALITY_TIERS } from '../catalog/defaults';
import type { FleetSnapshot } from '../fleet/types';
import type { ModelRouter } from '../router/model-router';
import type { SelectedDecision, SelectOptions } from '../selection/types';
import { PIXEL_SHARES, sizeQualityFactor, smallerSize } from './smaller-size';
import { RUNG_KINDS, type Rung, type RungKind } from './types';

/** What may be done about the size: nothing, a smaller image, or a smaller one enlarged to the size asked for. */
export type SizeRungs = 'never' | 'smaller' | 'upscale';

export interface LadderOptions extends SelectOptions {
	/** Default `upscale`. */
	size?: SizeRungs;
	/** The fleet's servers that may be used. Default: all. */
	onlyServer?: string;
}

/** Shares of a preset's steps that are tried. */
const STEP_SHARES = [0.8, 0.65, 0.5] as const;
/** Distilled presets are made for their few steps; fewer than these make noise. */
const LEAST_STEPS = 4;
/** Differences below this are rounding. */
const GRAIN = 1e-9;

/**
 * @param request as asked, with its floor
 * @param selection what is to be run; the first rung
 * @returns at least the first rung. Each further rung has less quality than the one before and takes less time; rungs
 * that lose quality without saving time are left out
 */
export function ladderFor(
	router: ModelRouter,
	request: unknown,
	selection: SelectedDecision,
	fleet: FleetSnapshot,
	options: LadderOptions,
): Rung[] {
	const floor = floorOf(router, selection);
	const base = { ...asObject(request), explain: false };
	const first = firstRung(router, base, selection, fleet, options);
	const ways = [
		...otherCandidates(router, base, selection, fleet, options),
		...fewerSteps(router, base, selection, fleet, options),
		...fewerMegapixels(router, base, selection, fleet, options),
	].filter((rung) => rung.quality >= floor - GRAIN);
	ways.sort(
		(a, b) =>
			b.quality - a.quality ||
			RUNG_KINDS.indexOf(a.kind) - RUNG_KINDS.indexOf(b.kind) ||
			a.seconds - b.seconds,
	);
	return descending(first, ways);
}

/** Strictly less quality and strictly less time than everything above. */
function descending(first: Rung, ways: readonly Rung[]): Rung[] {
	const ladder = [first];
	let fastest = first;
	for (const way of ways) {
		if (way.quality > first.quality + GRAIN) continue;
		if (way.seconds >= fastest.seconds - GRAIN) continue;
		ladder.push(way);
		fastest = way;
	}
	return ladder;
}

/** The floor as the router understood it. */
function floorOf(router: ModelRouter, { request }: SelectedDecision): number {
	if (request.min_quality != null) return request.min_quality;
	if (request.quality == null) return 0;
	const tiers: Record<string, number> = {
		...DEFAULT_QUALITY_TIERS,
		...router.catalog.quality_tiers,
	};
	return tiers[request.quality] ?? 0;
}

function asObject(request: unknown): Record<string, unknown> {
	return { ...(request as Record<string, unknown>) };
}

/** The selection itself, estimated anew on this fleet where it still can be. */
function firstRung(
	router: ModelRouter,
	base: Record<string, unknown>,
	selection: SelectedDecision,
	fleet: FleetSnapshot,
	options: LadderOptions,
): Rung {
	const { steps, width, height } = selection.parameters;
	const [again] = router.candidates(
		{ ...base, steps, width, height },
		fleet,
		options,
		isSame(selection),
	);
	const estimate = again?.estimate ?? selection.estimate;
	const quality = Math.min(selection.estimate.quality, estimate.quality);
	return rungOf('selected', 'as selected', {
		...selection,
		estimate: { ...estimate, quality },
	});
}

function isSame(selection: SelectedDecision) {
	return (model: string, preset: string, server: string): boolean =>
		model === selection.model_name && preset === selection.preset && server === selection.server;
}

function otherCandidates(
	router: ModelRouter,
	base: Record<string, unknown>,
	selection: SelectedDecision,
	fleet: FleetSnapshot,
	options: LadderOptions,
): Rung[] {
	const same = isSame(selection);
	const others = router.candidates(base, fleet, options, (model, preset, server) => {
		if (options.onlyServer !== undefined && server !== options.onlyServer) return false;
		return !same(model, preset, server);
	});
	return others.map((other) => {
		const kind = kindOf(other, selection);
		return rungOf(kind, candidateTitle(kind, other, selection), other);
	});
}

function kindOf(other: SelectedDecision, selection: SelectedDecision): RungKind {
	if (other.server !== selection.server) return 'other_server';
	if (mainFile(other) === mainFile(selection)) return 'distilled_preset';
	return other.estimate.load_seconds > 0 ? 'lighter_cold' : 'lighter_warm';
}

function mainFile({ files, model_name: name }: SelectedDecision): string {
	return files.diffusion_model ?? files.checkpoint ?? `model:${name}`;
}

function candidateTitle(
	kind: RungKind,
	other: SelectedDecision,
	selection: SelectedDecision,
): string {
	const what = `${other.model_name} / ${other.preset}`;
	if (kind === 'distilled_preset') return `preset ${other.preset} on the same weights`;
	if (kind === 'other_server') {
		const same = other.model_name === selection.model_name && other.preset === selection.preset;
		return same ? `server ${other.server}` : `${what} on server ${other.server}`;
	}
	return kind === 'lighter_warm' ? `${what} (loaded already)` : `${what} (to be loaded)`;
}

/** A caller's own steps are the caller's: they are not lowered. */
function fewerSteps(
	router: ModelRouter,
	base: Record<string, unknown>,
	selection: SelectedDecision,
	fleet: FleetSnapshot,
	options: LadderOptions,
): Rung[] {
	if (selection.request.steps != null) return [];
	const full = selection.parameters.steps;
	const counts = STEP_SHARES.map((share) => Math.round(full * share)).filter(
		(steps, index, all) => steps >= LEAST_STEPS && steps < full && all.indexOf(steps) === index,
	);
	return counts.flatMap((steps) =>
		router
			.candidates({ ...base, steps }, fleet, options, isSame(selection))
			.map((way) => rungOf('fewer_steps', `${steps} steps instead of ${full}`, way)),
	);
}

/** Not for work on an image of the caller's: its size is part of what was asked for. */
function fewerMegapixels(
	router: ModelRouter,
	base: Record<string, unknown>,
	selection: SelectedDecision,
	fleet: FleetSnapshot,
	options: LadderOptions,
): Rung[] {
	const mode = options.size ?? 'upscale';
	if (mode === 'never' || selection.request.images.length > 0) return [];
	const { width, height } = selection.parameters;
	return PIXEL_SHARES.flatMap((share) => {
		const size = smallerSize({ width, height }, share);
		if (size === null) return [];
		const factor = sizeQualityFactor((size.width * size.height) / (width * height));
		return router.candidates({ ...base, ...size }, fleet, options, isSame(selection)).map((way) => {
			const quality = way.estimate.quality * factor;
			const title = `${size.width} x ${size.height} instead of ${width} x ${height}`;
			const enlarged = mode === 'upscale' ? `${title}, enlarged afterwards` : title;
			const smaller = { ...way, estimate: { ...way.estimate, quality } };
			return rungOf(
				'fewer_megapixels',
				enlarged,
				smaller,
				mode === 'upscale' ? { width, height } : null,
			);
		});
	});
}

function rungOf(
	kind: RungKind,
	name: string,
	selection: SelectedDecision,
	upscaleTo: Rung['upscaleTo'] = null,
): Rung {
	const { estimate } = selection;
	return {
		kind,
		name,
		selection,
		quality: estimate.quality,
		seconds: estimate.queue_seconds + estimate.load_seconds + estimate.run_seconds,
		p95Seconds: estimate.p95_seconds,
		onTimeProbability: estimate.on_time_probability,
		upscaleTo,
	};
}
