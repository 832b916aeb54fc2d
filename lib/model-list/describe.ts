/**
 * The models of a catalog as a list for people and programs: what is installed where, what each figure is and where it
 * is from. Pure. Decides nothing.
 */
import type { Catalog, CatalogModel } from '../catalog/schema';
import { fitOf, type VramFit } from '../estimate/vram';
import { describeMissing } from '../fleet/missing-files';
import type { FleetServer, FleetSnapshot } from '../fleet/types';
import { prepareCatalog, type PreparedModel } from '../router/prepared-catalog';
import { serverStates } from '../router/server-state';
import { BYTES_PER_GB } from '../units';

/**
 * `given`: in the catalog, by whoever wrote the entry; `file`: in the catalog, from the file's own header by a sync;
 * `formula`: not in the catalog, worked out from the weights; `measured`, `published`, `estimated`: as the preset says.
 */
export type FigureSource = 'given' | 'file' | 'formula' | 'measured' | 'published' | 'estimated';

export interface ListedFigure {
	value: number;
	from: FigureSource;
	/** The catalog's own words on it, where it has some. */
	source?: string;
}

export interface ListedPreset {
	name: string;
	quality: number;
	steps: number;
	/** Of the run that the figures belong to. */
	reference: string;
	avg_time_seconds: ListedFigure;
	p95_time_seconds: ListedFigure | null;
	vram_peak_gb: ListedFigure;
}

export interface ModelOnServer {
	server: string;
	reachable: boolean;
	/** null: the server did not say which files it has. */
	installed: boolean | null;
	missing_files: string[];
	loaded: boolean;
	/** Of the first preset at its reference; null where the server reports no device. */
	fits: VramFit | null;
}

export interface ListedModel {
	model_name: string;
	family: string;
	enabled: boolean;
	/** Why a sync disabled it; null otherwise. */
	disabled_reason: string | null;
	license: string | null;
	license_notes: string | null;
	commercial_use: boolean;
	purposes: Record<string, number>;
	inputs: string[];
	files: Record<string, unknown>;
	/** Names of the servers that have all of its files. */
	installed_on: string[];
	vram_gb: ListedFigure | null;
	load_seconds: ListedFigure;
	presets: ListedPreset[];
	servers: ModelOnServer[];
}

/** @returns the catalog's models in its order, disabled ones too */
export function listModels(catalog: Catalog, fleet: FleetSnapshot): ListedModel[] {
	const prepared = prepareCatalog(catalog);
	const states = serverStates(fleet, prepared);
	return prepared.models.map((model) => {
		const servers = states.map(({ server, availableBytes }) =>
			onServer(model, server, availableBytes),
		);
		return {
			...described(model.model),
			installed_on: servers.filter((one) => one.installed === true).map((one) => one.server),
			...figuresOf(model),
			servers,
		};
	});
}

function described(
	model: CatalogModel,
): Omit<ListedModel, 'installed_on' | 'vram_gb' | 'load_seconds' | 'presets' | 'servers'> {
	const reason = (model as Record<string, unknown>).x_disabled_reason;
	return {
		model_name: model.name,
		family: model.family,
		enabled: model.enabled,
		disabled_reason: !model.enabled && typeof reason === 'string' ? reason : null,
		license: model.license ?? null,
		license_notes: model.license_notes ?? null,
		commercial_use: model.commercial_use,
		purposes: model.purposes,
		inputs: model.inputs,
		files: model.files,
	};
}

function figuresOf(
	prepared: PreparedModel,
): Pick<ListedModel, 'vram_gb' | 'load_seconds' | 'presets'> {
	const { model } = prepared;
	return {
		vram_gb: model.vram_gb === undefined ? null : figure(model.vram_gb, sourceOf(model, 'vram_gb')),
		load_seconds: figure(prepared.loadSeconds, sourceOf(model, 'load_seconds')),
		presets: prepared.presets.map(({ preset, referencePeakBytes }): ListedPreset => {
			const { source, confidence, reference, p95_time_seconds: p95 } = preset;
			const timed = (value: number) => figure(value, confidence, source);
			return {
				name: preset.name,
				quality: preset.quality,
				steps: preset.steps,
				reference: `${reference.width}x${reference.height}${reference.gpu ? ` on ${reference.gpu}` : ''}`,
				avg_time_seconds: timed(preset.avg_time_seconds),
				p95_time_seconds: p95 === undefined ? null : timed(p95),
				vram_peak_gb: figure(
					Number((referencePeakBytes / BYTES_PER_GB).toFixed(2)),
					preset.vram_peak_gb !== undefined ? 'given' : sourceOf(model, 'vram_peak_gb'),
				),
			};
		}),
	};
}

function figure(value: number, from: FigureSource, source?: string): ListedFigure {
	return { value, from, ...(source ? { source } : {}) };
}

function sourceOf(
	model: CatalogModel,
	key: 'vram_gb' | 'vram_peak_gb' | 'load_seconds',
): FigureSource {
	if (model[key] === undefined) return 'formula';
	const generated = (model as Record<string, unknown>).x_generated;
	const names = typeof generated === 'string' ? generated.split(' ') : [];
	return names.includes(key) ? 'file' : 'given';
}

function onServer(
	{ model, presets }: PreparedModel,
	server: FleetServer,
	availableBytes: number | null,
): ModelOnServer {
	const { missing } = describeMissing({ ...model, presets: [] }, server.installed_files);
	const [first] = presets;
	const { width, height } = first!.preset.reference;
	const cfg = first!.givenPeakCfg ?? first!.preset.cfg;
	return {
		server: server.name,
		reachable: server.reachable,
		installed: server.installed_files === null ? null : missing.length === 0,
		missing_files: missing.map(({ file }) => file),
		loaded: server.loaded_model === model.name,
		fits:
			availableBytes === null
				? null
				: fitOf(first!.vram({ width, height, batchSize: 1, cfg }), availableBytes),
	};
}
