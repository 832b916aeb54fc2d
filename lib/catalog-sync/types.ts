/** A sync's inputs and what it would change. Owns the shapes. */
import type { Detection } from '../detection';

/** One model file that is installed, by whatever way it was found. */
export interface InstalledFile {
	/** As ComfyUI names it, with forward slashes. */
	name: string;
	/** checkpoints, diffusion_models, text_encoders, vae, loras, ...; null where only the content can tell. */
	kind: string | null;
	/** null: unknown. */
	bytes: number | null;
	/** null where the header could not be read (another machine, a damaged file). */
	detection: Detection | null;
	/** What is wrong with the file, in one sentence; null: nothing. */
	problem: string | null;
	/** False for a file that is there and cannot be loaded (half-copied, damaged). */
	usable: boolean;
	/** Number of files, where it is split. */
	parts?: number;
}

export interface Inventory {
	files: InstalledFile[];
	/** Sentences for people: folders that could not be read and the like. */
	warnings: string[];
}

/** One change of the catalog. `index` counts the catalog's models from 0. */
export type SyncChange =
	| { kind: 'add'; model: string; entry: Record<string, unknown>; summary: string }
	| { kind: 'disable'; model: string; index: number; reason: string }
	| { kind: 'enable'; model: string; index: number }
	| {
			kind: 'update';
			model: string;
			index: number;
			/** Which object within the entry, such as `['presets', 0]`. Default: the entry itself. */
			path?: readonly (string | number)[];
			key: string;
			from: unknown;
			to: unknown;
	  };

export interface SyncPlan {
	changes: SyncChange[];
	/** Worth knowing, nothing to change: problem files, missing LoRAs, entries that disagree with their file. */
	notes: string[];
}
