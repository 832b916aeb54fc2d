/**
 * What models a ComfyUI server has, as far as it tells: names, sizes and the models' own descriptions. Tensor tables are
 * never exposed, so an architecture is known only where the description names it.
 */
import type { InstalledFile, Inventory } from '../lib/catalog-sync';
import { describedModel } from '../lib/detection';
import { RouterError } from '../lib/errors';
import type { ComfyUiInspectionPort, InventoryPort } from '../lib/ports';

/** ComfyUI's folders by kind, the older names last. */
const FOLDERS: ReadonlyArray<readonly [folder: string, kind: string]> = [
	['checkpoints', 'checkpoints'],
	['diffusion_models', 'diffusion_models'],
	['unet', 'diffusion_models'],
	['unet_gguf', 'diffusion_models'],
	['text_encoders', 'text_encoders'],
	['clip', 'text_encoders'],
	['vae', 'vae'],
	['loras', 'loras'],
];

const CONCURRENT_DESCRIPTIONS = 4;

export class ServerInventory implements InventoryPort {
	constructor(
		private readonly server: Pick<ComfyUiInspectionPort, 'filesIn' | 'fileSizes' | 'fileMetadata'>,
	) {}

	/** @throws RouterError as the server's port does, and COMFYUI_NOT_COMFYUI where no model folder is known */
	async list(signal?: AbortSignal): Promise<Inventory> {
		const lists = await Promise.all(
			FOLDERS.map(([folder, kind]) => this.folder(folder, kind, signal)),
		);
		if (lists.every((list) => list === null)) {
			throw new RouterError({
				code: 'COMFYUI_NOT_COMFYUI',
				message: 'The server lists no model folder.',
				hint: 'Check the address; ComfyUI 0.3 and later have the routes for it.',
			});
		}
		const files = uniqueFiles(lists.flatMap((list) => list ?? []));
		await this.describe(files, signal);
		const warnings = [
			'Read from the server: what the files hold is known only as far as their names and metadata tell.',
		];
		return { files, warnings };
	}

	private async folder(
		folder: string,
		kind: string,
		signal?: AbortSignal,
	): Promise<InstalledFile[] | null> {
		const sized = await this.server.fileSizes(folder, signal);
		if (sized) return sized.map((file) => installed(file.name, kind, file.sizeBytes));
		const names = await this.server.filesIn(folder, signal);
		return names && names.map((name) => installed(name, kind, null));
	}

	/** Models only: encoders and VAEs are known by their names. */
	private async describe(files: InstalledFile[], signal?: AbortSignal): Promise<void> {
		const models = files.filter(
			({ kind, name }) =>
				(kind === 'checkpoints' || kind === 'diffusion_models') &&
				/\.(safetensors|sft)$/i.test(name),
		);
		let next = 0;
		const worker = async (): Promise<void> => {
			for (let file = models[next++]; file; file = models[next++]) {
				const metadata = await this.server.fileMetadata(file.kind!, file.name, signal);
				if (metadata) file.detection = describedModel(file.kind!, file.name, metadata);
			}
		};
		await Promise.all(Array.from({ length: CONCURRENT_DESCRIPTIONS }, worker));
	}
}

function installed(name: string, kind: string, bytes: number | null): InstalledFile {
	return { name, kind, bytes, detection: null, problem: null, usable: true };
}

/** The newer and the older name of a folder list the same files. */
function uniqueFiles(files: readonly InstalledFile[]): InstalledFile[] {
	return [...new Map(files.map((file) => [`${file.kind}|${file.name}`, file])).values()];
}
