/** Runs Generate Image with a small catalog on stand-ins whose jobs take parts of a second. */
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { Catalog } from '../../../lib/catalog/schema';
import { type StandIn, type StandInOptions, startComfyUiStandIn } from '../../../simulator/comfyui';
import { modelsFromCatalog } from '../../../simulator/gpu';
import { quickCatalog } from '../../support/generate-lab';
import { comfyUiCredential } from './fixtures';
import { type Credentials, runNode, type RunOptions, type RunResult } from './harness';

export interface GenerateLab {
	servers: StandIn[];
	/** The first of them. */
	server: StandIn;
	credentials(): Credentials;
	run(
		parameters?: INodeParameters,
		items?: INodeExecutionData[],
		more?: Partial<RunOptions>,
	): Promise<RunResult>;
	close(): Promise<void>;
}

/** @param count of servers: gpu1, gpu2, ... */
export async function openGenerateLab(
	options: StandInOptions = {},
	count = 1,
): Promise<GenerateLab> {
	const catalog = catalogWithEditing();
	const models = modelsFromCatalog(catalog);
	const servers: StandIn[] = [];
	for (let n = 0; n < count; n++) {
		servers.push(await startComfyUiStandIn({ models, seed: n + 1, speedUp: 4, ...options }));
	}
	const credentials = () =>
		comfyUiCredential(servers.map(({ url }, n) => `gpu${n + 1}=${url}`).join('\n'));
	return {
		servers,
		server: servers[0] as StandIn,
		credentials,
		run: (parameters = {}, items = [{ json: {} }], more = {}) =>
			runNode({
				type: 'generateImage',
				parameters: {
					catalogSource: 'json',
					catalogJson: JSON.stringify(catalog),
					prompt: 'a lighthouse',
					...parameters,
				},
				items,
				credentials: credentials(),
				...more,
			}),
		close: async () => {
			for (const server of servers) await server.close();
		},
	};
}

/** One of the models takes images, too. */
export function catalogWithEditing(): Catalog {
	const catalog = quickCatalog();
	const models = catalog.models.map((model) =>
		model.name === 'light' ? { ...model, inputs: ['text' as const, 'image' as const] } : model,
	);
	return { ...catalog, models };
}

/** The same where somebody has measured all times. */
export function measured<C extends Catalog>(catalog: C): C {
	const models = catalog.models.map((model) => ({
		...model,
		presets: model.presets.map((preset) => ({ ...preset, confidence: 'measured' as const })),
	}));
	return { ...catalog, models };
}

/** Submitted prompts that never came to an end of their own. */
export function promptsOf(
	server: StandIn,
	type: 'submitted' | 'finished' | 'interrupted',
): string[] {
	return server.events.of(type).map(({ promptId }) => promptId);
}
