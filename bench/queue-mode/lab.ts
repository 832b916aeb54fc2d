/**
 * n8n in real queue mode over stand-in servers: Redis, PostgreSQL, one main, some workers. Shared by the end-to-end test
 * and the benchmark. Owns starting and stopping; what is asked of it is the caller's.
 */
import { join } from 'node:path';

import { parseCatalog } from '../../lib/catalog/parse';
import type { Catalog } from '../../lib/catalog/schema';
import { startN8n } from '../../scripts/n8n-instance/instance.mjs';
import { provisionRedis } from '../../scripts/provision/redis.mjs';
import { postgresCredential } from '../../scripts/start/credentials.mjs';
import { withCredentials } from '../../scripts/start/content.mjs';
import { type StandIn, startComfyUiStandIn } from '../../simulator/comfyui';
import { SharedGpu } from '../../simulator/comfyui/device';
import { modelsFromCatalog } from '../../simulator/gpu';

const ROOT = join(__dirname, '..', '..');
const SERVERS = 6;
/** The last two servers share one of these; the others have one each. */
const VRAM_BYTES = 16e9;
const SPEED_UP = 2;
/** A worker that died is noticed after this long; n8n's own default is a minute. */
const FAST_STALL_CHECK = {
	QUEUE_WORKER_LOCK_DURATION: '8000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
};

/** n8n's own default is 2 connections for all executions of a process; those that wait for one for 20 s are lost. */
const MORE_CONNECTIONS = { DB_POSTGRESDB_POOL_SIZE: '8' };

/** Two models of different size, seconds long: a card of the fleet holds one and a half of the large one. */
export function queueCatalog(): Catalog {
	const preset = (name: string, seconds: number, steps: number, quality = 1) => ({
		name,
		quality,
		steps,
		cfg: 1,
		sampler_name: 'euler',
		scheduler: 'simple',
		loras: [],
		reference: { width: 512, height: 512, steps, batch_size: 1 },
		avg_time_seconds: seconds,
	});
	const servers = Array.from({ length: SERVERS }, (_, n) => ({
		name: `s${n + 1}`,
		...(n >= SERVERS - 2 ? { gpu_group: 'shared card' } : {}),
	}));
	return parseCatalog({
		version: 1,
		servers,
		models: [
			{
				name: 'heavy',
				family: 'sdxl',
				license: 'test',
				files: { checkpoint: 'heavy.safetensors' },
				purposes: { photo: 0.9 },
				vram_gb: 7,
				vram_peak_gb: 10,
				load_seconds: 0.8,
				presets: [preset('full', 2, 20), preset('fast', 0.9, 8, 0.85)],
			},
			{
				name: 'light',
				family: 'sd15',
				license: 'test',
				files: { checkpoint: 'light.safetensors' },
				purposes: { photo: 0.6 },
				vram_gb: 2,
				vram_peak_gb: 4,
				load_seconds: 0.2,
				presets: [preset('full', 0.5, 10)],
			},
		],
	});
}

/** Stand-ins `s1` ... of the catalog. */
export async function startServers(catalog: Catalog): Promise<StandIn[]> {
	const models = modelsFromCatalog(catalog);
	const card = new SharedGpu();
	const started: StandIn[] = [];
	for (const [n, server] of catalog.servers.entries()) {
		started.push(
			await startComfyUiStandIn({
				models,
				seed: n + 1,
				speedUp: SPEED_UP,
				gpu: { vramTotalBytes: VRAM_BYTES },
				...(server.gpu_group ? { sharedGpu: card } : {}),
			}),
		);
	}
	return started;
}

export type QueueLab = Awaited<ReturnType<typeof openQueueLab>>;

/** @param databases of n8n and of the router, empty */
export async function openQueueLab(
	databases: { n8n: string; router: string },
	options: { workers: number; webhooks: number; concurrency: number },
) {
	const catalog = queueCatalog();
	const closers: (() => Promise<unknown>)[] = [];
	const close = async () => {
		for (const one of closers.reverse()) await one().catch(() => undefined);
	};
	try {
		const redis = await provisionRedis();
		closers.push(() => redis.stop());
		const servers = await startServers(catalog);
		closers.push(() => Promise.all(servers.map((one) => one.close())));
		const main = await startN8n({
			databaseUrl: databases.n8n,
			packageDir: ROOT,
			env: {
				EXECUTIONS_MODE: 'queue',
				QUEUE_BULL_REDIS_HOST: '127.0.0.1',
				QUEUE_BULL_REDIS_PORT: String(redis.port),
				OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
				N8N_ENCRYPTION_KEY: 'queue-mode-of-a-test',
				...FAST_STALL_CHECK,
				...MORE_CONNECTIONS,
			},
		});
		closers.push(() => main.stop());
		const workers = [];
		for (let n = 0; n < options.workers; n++) {
			const worker = await main.worker(options.concurrency);
			closers.push(() => worker.stop());
			workers.push(worker);
		}
		const lines = servers.map((one, n) => `${catalog.servers[n]?.name}=${one.url}`).join('\n');
		const credentials = [
			await main.rest.createCredential('ComfyUI', 'comfyUiApi', {
				servers: lines,
				authentication: 'none',
			}),
			await main.rest.createCredential(
				'Postgres',
				'comfyUiRouterPostgresApi',
				postgresCredential(databases.router),
			),
		];
		const paths = [];
		for (let n = 0; n < options.webhooks; n++) {
			const path = `queue-${n}`;
			const workflow = withCredentials(workflowOf(path, catalog), credentials);
			await main.rest.activate(await main.rest.createWorkflow(workflow));
			paths.push(path);
		}
		return { catalog, main, workers, servers, paths, close };
	} catch (error) {
		await close();
		throw error;
	}
}

/** Webhook, answered at once; then Generate Image. */
function workflowOf(path: string, catalog: Catalog) {
	const node = (name: string, type: string, parameters: object, more: object = {}) => ({
		id: name,
		name,
		type,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		...more,
	});
	return {
		name: `Queue mode ${path}`,
		settings: { saveDataSuccessExecution: 'all', saveDataErrorExecution: 'all' },
		nodes: [
			node(
				'Webhook',
				'n8n-nodes-base.webhook',
				{ httpMethod: 'POST', path, responseMode: 'onReceived', options: {} },
				{ typeVersion: 2, webhookId: path },
			),
			node(
				'Generate Image',
				'n8n-nodes-comfyui-router.generateImage',
				{
					operation: 'generate',
					requestFrom: 'json',
					requestJson: '={{ $json.body }}',
					catalogSource: 'json',
					catalogJson: JSON.stringify(catalog),
				},
				{
					credentials: {
						comfyUiApi: { id: 'x', name: 'ComfyUI' },
						comfyUiRouterPostgresApi: { id: 'x', name: 'Postgres' },
					},
				},
			),
		],
		connections: {
			Webhook: { main: [[{ node: 'Generate Image', type: 'main', index: 0 }]] },
		},
	};
}
