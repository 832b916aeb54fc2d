/** The server's input, output and temp folders, in memory. Outlives a restart of the process, as a disk does. */
import { createHash } from 'node:crypto';

import type { ImageRef } from './history';
import { encodePng, type PngOptions } from './png';

export type FolderType = 'input' | 'output' | 'temp';

/** Bytes, or what to draw when they are asked for. */
type Content = Buffer | PngOptions;

/** ComfyUI's own text for a prefix that leaves the output folder. */
export class OutsideOutputFolder extends Error {}

export class Disk {
	private readonly files: Record<FolderType, Map<string, Content>> = {
		input: new Map(),
		output: new Map(),
		temp: new Map(),
	};
	private readonly counters = new Map<string, number>();

	/** Saves images as `prefix_00001_.png`, counting on from what is there. */
	saveImages(type: FolderType, prefix: string, images: PngOptions[]): ImageRef[] {
		const parts = prefix.split(/[\\/]/);
		if (parts.includes('..') || prefix.startsWith('/')) {
			throw new OutsideOutputFolder(
				'**** ERROR: Saving image outside the output folder is not allowed.',
			);
		}
		const name = parts.pop() ?? '';
		const subfolder = parts.join('/');
		const counterKey = `${type}:${prefix}`;
		return images.map((image, index) => {
			const counter = (this.counters.get(counterKey) ?? 0) + 1;
			this.counters.set(counterKey, counter);
			const shown = name.replaceAll('%batch_num%', String(index));
			const filename = `${shown}_${String(counter).padStart(5, '0')}_.png`;
			this.files[type].set(pathOf(subfolder, filename), image);
			return { filename, subfolder, type };
		});
	}

	/** Keeps an upload; same name and same bytes = the same file, other bytes = "name (1).png". */
	saveUpload(
		type: FolderType,
		subfolder: string,
		filename: string,
		bytes: Buffer,
		overwrite: boolean,
	): string {
		const files = this.files[type];
		const dot = filename.lastIndexOf('.');
		const [stem, extension] =
			dot > 0 ? [filename.slice(0, dot), filename.slice(dot)] : [filename, ''];
		let name = filename;
		for (let i = 1; !overwrite && files.has(pathOf(subfolder, name)); i += 1) {
			if (this.read(type, subfolder, name)?.equals(bytes)) return name;
			name = `${stem} (${i})${extension}`;
		}
		files.set(pathOf(subfolder, name), bytes);
		return name;
	}

	read(type: FolderType, subfolder: string, filename: string): Buffer | null {
		const content = this.files[type].get(pathOf(subfolder, filename));
		if (content === undefined) return null;
		return Buffer.isBuffer(content) ? content : encodePng(content);
	}

	/** As if somebody cleaned the folder. */
	remove(type: FolderType, path: string): void {
		this.files[type].delete(path);
	}

	/** Finds what LoadImage's value names: "sub/a.png", or "a.png [output]". */
	readAnnotated(value: string): Buffer | null {
		const match = /^(.*) \[(input|output|temp)\]$/.exec(value);
		const type = (match?.[2] ?? 'input') as FolderType;
		const path = match?.[1] ?? value;
		const slash = path.lastIndexOf('/');
		return this.read(type, slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1));
	}

	/** Names in the top of the input folder, as LoadImage lists them. */
	inputImages(): string[] {
		return [...this.files.input.keys()].filter((path) => !path.includes('/')).sort();
	}

	list(type: FolderType): string[] {
		return [...this.files[type].keys()].sort();
	}

	digest(value: string): string {
		const bytes = this.readAnnotated(value);
		return bytes ? createHash('sha256').update(bytes).digest('hex') : '';
	}
}

function pathOf(subfolder: string, filename: string): string {
	return subfolder === '' ? filename : `${subfolder}/${filename}`;
}
