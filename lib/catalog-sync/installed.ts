/** Questions about what is installed: is this file there, and which file is this encoder. Pure lookups. */
import { baseName, sameName } from './names';
import type { InstalledFile } from './types';

/** Kinds of folders that ComfyUI's loaders read for each key of an entry's `files`. */
const KINDS_OF: Readonly<Record<FileKey, readonly string[]>> = {
	checkpoint: ['checkpoints'],
	diffusion_model: ['diffusion_models'],
	text_encoders: ['text_encoders'],
	vae: ['vae'],
};

export type FileKey = 'checkpoint' | 'diffusion_model' | 'text_encoders' | 'vae';

export class InstalledFiles {
	private readonly byName = new Map<string, InstalledFile[]>();

	constructor(readonly files: readonly InstalledFile[]) {
		for (const file of files) {
			const name = sameName(file.name);
			this.byName.set(name, [...(this.byName.get(name) ?? []), file]);
		}
	}

	/** The file as the loader for this key would find it; null where it would not. */
	find(key: FileKey, name: string): InstalledFile | null {
		const files = this.byName.get(sameName(name)) ?? [];
		return files.find((file) => file.kind === null || KINDS_OF[key].includes(file.kind)) ?? null;
	}

	has(name: string): boolean {
		return this.byName.has(sameName(name));
	}

	/** The same file in another folder, for a hint. */
	elsewhere(name: string): InstalledFile | null {
		const base = baseName(name);
		return this.files.find((file) => baseName(file.name) === base) ?? null;
	}

	/** A usable file that holds this encoder or VAE; the shortest name of several, so that the answer is always the same. */
	component(key: 'text_encoders' | 'vae', component: string): InstalledFile | null {
		const matches = this.files.filter(
			(file) =>
				file.usable &&
				file.detection?.component === component &&
				(file.kind === null || KINDS_OF[key].includes(file.kind)),
		);
		return (
			matches.sort((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1))[0] ?? null
		);
	}
}
