/**
 * Which folders hold which kind of model: ComfyUI's own folder names below a models directory, and the further places that
 * an extra_model_paths.yaml adds. Reads directory names and that one file, nothing else.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { parse } from 'yaml';

/** ComfyUI's kinds as a catalog needs them. */
export type FolderKind =
	'checkpoints' | 'diffusion_models' | 'text_encoders' | 'vae' | 'loras' | 'controlnet' | 'other';

export interface ModelFolder {
	path: string;
	/** null: a folder of no known name, where a file's kind follows from its content alone. */
	kind: FolderKind | null;
}

/** ComfyUI's folder names, older ones included, and those of other programs that extra_model_paths.yaml maps. */
const KINDS: Readonly<Record<string, FolderKind>> = {
	checkpoints: 'checkpoints',
	diffusion_models: 'diffusion_models',
	unet: 'diffusion_models',
	unet_gguf: 'diffusion_models',
	text_encoders: 'text_encoders',
	clip: 'text_encoders',
	clip_gguf: 'text_encoders',
	vae: 'vae',
	loras: 'loras',
	controlnet: 'controlnet',
	t2i_adapter: 'controlnet',
	clip_vision: 'other',
	style_models: 'other',
	embeddings: 'other',
	diffusers: 'other',
	vae_approx: 'other',
	gligen: 'other',
	upscale_models: 'other',
	latent_upscale_models: 'other',
	hypernetworks: 'other',
	photomaker: 'other',
	classifiers: 'other',
	model_patches: 'other',
	audio_encoders: 'other',
	configs: 'other',
};

/** undefined for other names, also for those that every object inherits, like "constructor". */
function kindOf(name: string): FolderKind | undefined {
	const key = name.toLowerCase();
	return Object.hasOwn(KINDS, key) ? KINDS[key] : undefined;
}

export interface FolderPlan {
	folders: ModelFolder[];
	/** What could not be used, in sentences. */
	warnings: string[];
}

/**
 * @param root a models directory, a ComfyUI directory, one kind's folder, or any folder of model files
 * @param extraPathsFile an extra_model_paths.yaml; found beside or in `root` where not given
 */
export function planFolders(root: string, extraPathsFile?: string): FolderPlan {
	const models = modelsRoot(root);
	const own = ownFolders(models);
	const yaml =
		extraPathsFile ??
		[root, models, path.dirname(models)].map(extraPathsIn).find((file) => file !== null);
	if (!yaml) return { folders: own, warnings: [] };
	const extra = extraFolders(yaml);
	return { folders: [...own, ...extra.folders], warnings: extra.warnings };
}

/** `ComfyUI/` is as good as `ComfyUI/models/`. */
function modelsRoot(root: string): string {
	const inner = path.join(root, 'models');
	const names = subfolders(root);
	return names.includes('models') &&
		!names.some((name) => kindOf(name) !== undefined) &&
		isDirectory(inner)
		? inner
		: root;
}

function ownFolders(root: string): ModelFolder[] {
	const own = kindOf(path.basename(path.resolve(root)));
	if (own) return [{ path: root, kind: own }];
	const known = subfolders(root).filter((name) => kindOf(name) !== undefined);
	const folders: ModelFolder[] = known.map((name) => ({
		path: path.join(root, name),
		kind: kindOf(name)!,
	}));
	// what lies beside the known folders, or everything where there are none
	return [...folders, { path: root, kind: null }];
}

function extraPathsIn(folder: string): string | null {
	const file = path.join(folder, 'extra_model_paths.yaml');
	return isFile(file) ? file : null;
}

const MAX_YAML_BYTES = 1024 ** 2;

/** Groups of `base_path`, `is_default` and `kind: path or lines of paths`, as ComfyUI's `utils/extra_config.py` reads them. */
function extraFolders(file: string): FolderPlan {
	const folders: ModelFolder[] = [];
	try {
		if (statSync(file).size > MAX_YAML_BYTES)
			return { folders, warnings: [`${file} is too large to be used.`] };
		const groups: unknown = parse(readFileSync(file, 'utf8'), { maxAliasCount: 10 });
		if (!isRecord(groups)) return { folders, warnings: [] };
		for (const group of Object.values(groups))
			if (isRecord(group)) folders.push(...groupFolders(group, path.dirname(file)));
	} catch (error) {
		const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
		return { folders, warnings: [`${file} cannot be used: ${reason}`] };
	}
	return { folders, warnings: [] };
}

function groupFolders(group: Record<string, unknown>, yamlFolder: string): ModelFolder[] {
	const base =
		typeof group.base_path === 'string'
			? path.resolve(yamlFolder, expand(group.base_path))
			: yamlFolder;
	return Object.entries(group).flatMap(([name, value]) => {
		const kind = kindOf(name);
		if (!kind || typeof value !== 'string') return [];
		const lines = value.split('\n').map((line) => line.trim());
		return lines.filter(Boolean).map((line) => ({ path: path.resolve(base, expand(line)), kind }));
	});
}

/** `~`, `$NAME` and `${NAME}` as ComfyUI expands them. */
function expand(text: string): string {
	const home = text === '~' || text.startsWith('~/') ? os.homedir() + text.slice(1) : text;
	return home.replace(
		/\$(\w+)|\$\{(\w+)\}/g,
		(whole: string, a?: string, b?: string) => process.env[a ?? b ?? ''] ?? whole,
	);
}

function subfolders(folder: string): string[] {
	try {
		return readdirSync(folder).filter((name) => isDirectory(path.join(folder, name)));
	} catch {
		return [];
	}
}

function isDirectory(file: string): boolean {
	return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(file: string): boolean {
	return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
