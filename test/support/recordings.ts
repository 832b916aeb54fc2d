/** Real answers of ComfyUI, as recorded from running servers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Recording {
	status: number;
	headers: Record<string, string>;
	// the shapes are ComfyUI's, and differ from file to file
	// eslint-disable-next-line @typescript-eslint/no-explicit-any
	body: any;
}

const folder = join(__dirname, '..', 'fixtures', 'comfyui');

export function recording(name: string): Recording {
	return JSON.parse(readFileSync(join(folder, 'recordings', `${name}.json`), 'utf8')) as Recording;
}

/** An API-format graph that a real server has accepted. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function workflow(name: string): any {
	return JSON.parse(readFileSync(join(folder, 'workflows', `${name}.api.json`), 'utf8'));
}
