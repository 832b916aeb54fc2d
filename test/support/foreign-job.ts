/** A job of another client: submitted without anything of ours attached. */
import { randomUUID } from 'node:crypto';

import type { Catalog } from '../../lib/catalog/schema';
import type { ComfyUiPort } from '../../lib/ports';
import { buildProbe } from '../../lib/workflow/probe-graph';

/** @returns its prompt id, once the server has begun with it or has another one running */
export async function submitForeign(
	server: ComfyUiPort,
	catalog: Catalog,
	modelName: string,
): Promise<string> {
	const model = catalog.models.find(({ name }) => name === modelName)!;
	const preset = model.presets[0]!;
	const { width, height } = preset.reference;
	const seed = Math.floor(Math.random() * 1e9);
	const graph = buildProbe(model, { ...preset, width, height, prompt: 'not ours' }, seed);
	const promptId = randomUUID();
	await server.submit({ graph, clientId: 'somebody', promptId });
	for (;;) {
		const { running } = await server.queue();
		if (running.length > 0) return promptId;
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
}
