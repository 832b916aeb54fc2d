/** Which of a model's files a server has and which it lacks, in a form that helps to fix it. */
import type { CatalogModel } from '../catalog/schema';
import { isSameFile } from '../workflow/file-names';

export interface FileState {
	file: string;
	/** ComfyUI's folder below `models`. */
	folder: string;
	/** The server's own name for it, with its sub-folder; null: not there. */
	installed_as: string | null;
}

export interface MissingFiles {
	present: FileState[];
	missing: FileState[];
	/** One sentence; '' where nothing is missing. */
	message: string;
	/** What to do; '' where nothing is missing. */
	hint: string;
}

/** All files that a model needs, presets' LoRAs included, each once. */
export function modelFiles(
	model: Pick<CatalogModel, 'files' | 'presets'>,
	presetName?: string,
): { file: string; folder: string }[] {
	const { checkpoint, diffusion_model, text_encoders = [], vae } = model.files;
	const presets = model.presets.filter(
		(preset) => presetName === undefined || preset.name === presetName,
	);
	const files: [string | undefined, string][] = [
		[checkpoint, 'checkpoints'],
		[diffusion_model, 'diffusion_models'],
		...text_encoders.map((file): [string, string] => [file, 'text_encoders']),
		[vae, 'vae'],
		...presets.flatMap(({ loras }) => loras.map(({ file }): [string, string] => [file, 'loras'])),
	];
	const seen = new Set<string>();
	return files.flatMap(([file, folder]) => {
		if (file === undefined || seen.has(`${folder}/${file}`)) return [];
		seen.add(`${folder}/${file}`);
		return [{ file, folder }];
	});
}

/**
 * @param installed names as the server lists them; null: unknown, then nothing counts as missing
 * @param presetName only this preset's LoRAs; absent: those of all presets
 */
export function describeMissing(
	model: Pick<CatalogModel, 'name' | 'files' | 'presets'>,
	installed: readonly string[] | null,
	presetName?: string,
): MissingFiles {
	const states = modelFiles(model, presetName).map(({ file, folder }): FileState => {
		const found = installed === null ? file : installed.find((name) => isSameFile(name, file));
		return { file, folder, installed_as: found ?? null };
	});
	const present = states.filter((state) => state.installed_as !== null);
	const missing = states.filter((state) => state.installed_as === null);
	if (missing.length === 0) return { present, missing, message: '', hint: '' };
	const names = missing.map(({ file }) => `"${file}"`).join(', ');
	const places = missing.map(({ file, folder }) => `"${file}" into models/${folder}`).join(', ');
	return {
		present,
		missing,
		message: `${model.name} lacks ${names} (${present.length} of ${states.length} files are there).`,
		hint: `Put ${places} on that server; ComfyUI finds new files without a restart.`,
	};
}
