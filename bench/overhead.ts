/**
 * What the runner adds to ComfyUI's own execution time, against a bare client (submit, socket, fetch) in turns on the
 * same stand-in; what the whole node adds in a real n8n, by n8n's own clock; and how busy a server is kept by ten jobs
 * of one second that wait in the room.
 *
 * Overhead of one job: from handing over to having the image's bytes, less the time between ComfyUI's own stamps.
 */
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';

import WebSocket from 'ws';

import { ComfyUiClient } from '../adapters/comfyui';
import { systemClock } from '../adapters/system-clock';
import { systemRandom } from '../adapters/system-random';
import { type Catalog, catalogSchema } from '../lib/catalog/schema';
import { ModelRouter } from '../lib/router/model-router';
import type { SelectedDecision } from '../lib/selection/types';
import { buildGraph } from '../lib/workflow/build';
import { readFleet } from '../service/fleet';
import { createGenerator } from '../service/generate';
import { runAttempt } from '../service/generate/attempt';
import { Claim } from '../service/generate/claims';
import { DEFAULT_PATIENCE } from '../service/generate/process-registry';
import { ServerWatch } from '../service/generate/server-watch';
import { type StandIn, startComfyUiStandIn } from '../simulator/comfyui';
import { modelsFromCatalog } from '../simulator/gpu';
import { type RunningWorkflow, startWorkflow } from './n8n/generate-workflow';
import { IMAGE_BYTES as BIG_IMAGE_BYTES, IMAGES, measureImageMemory } from './n8n/image-memory';
import { atLeast, atMost, finish, median, printTable } from './report';

const ROUNDS = 100;
const WARM_UP = 8;
const IMAGE_BYTES = 1_500_000;
const QUEUED_ITEMS = 10;

function catalogOf(runSeconds: number): Catalog {
	return catalogSchema.parse({
		version: 1,
		models: [
			{
				name: 'm',
				family: 'sdxl',
				files: { checkpoint: 'm.safetensors' },
				purposes: { photo: 0.9 },
				vram_gb: 7,
				vram_peak_gb: 10,
				load_seconds: 0.2,
				presets: [
					{
						name: 'full',
						steps: 10,
						cfg: 1,
						reference: { width: 512, height: 512 },
						avg_time_seconds: runSeconds,
					},
				],
			},
		],
	});
}

interface Bench {
	catalog: Catalog;
	standIn: StandIn;
	client: ComfyUiClient;
	selection: SelectedDecision;
	close(): Promise<void>;
}

async function open(runSeconds: number): Promise<Bench> {
	const catalog = catalogOf(runSeconds);
	const models = modelsFromCatalog(catalog);
	const standIn = await startComfyUiStandIn({ models, imageBytes: IMAGE_BYTES });
	const client = new ComfyUiClient({ name: 's1', url: standIn.url });
	const fleet = await readFleet({ servers: [client], catalog, clock: systemClock });
	const selection = new ModelRouter(catalog).select({ purpose: 'photo', prompt: 'x' }, fleet, {
		nowMs: Date.now(),
	});
	if (selection.decision !== 'selected') throw new Error(selection.selection_reason);
	const close = async () => {
		client.close();
		await standIn.close();
	};
	return { catalog, standIn, client, selection, close };
}

function graphFor({ catalog, selection }: Bench) {
	const [model] = catalog.models;
	if (!model) throw new Error('no model');
	return buildGraph(model, selection, { seed: systemRandom.integer(2 ** 47) });
}

/** Seconds by ComfyUI's own stamps. */
async function executionMs({ client }: Bench, promptId: string): Promise<number> {
	const entry = await client.history(promptId);
	if (entry?.startedMs == null || entry.endedMs == null) throw new Error('no stamps');
	return entry.endedMs - entry.startedMs;
}

/** The least a client can do: POST, wait for the end on an open socket, GET the image. */
class BareClient {
	private readonly socket: WebSocket;
	private files = new Map<string, { filename: string; subfolder: string; type: string }>();
	private ended = new Map<string, () => void>();

	constructor(private readonly url: string) {
		this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws?clientId=bare`);
		this.socket.on('message', (data, isBinary) => {
			if (isBinary) return;
			const { type, data: body } = JSON.parse(String(data)) as {
				type: string;
				data: Record<string, never>;
			};
			const {
				prompt_id: id,
				node,
				output,
			} = body as unknown as {
				prompt_id: string;
				node: string | null;
				output?: { images?: { filename: string; subfolder: string; type: string }[] };
			};
			const [image] = output?.images ?? [];
			if (type === 'executed' && image) this.files.set(id, image);
			if (type === 'executing' && node === null) this.ended.get(id)?.();
		});
	}

	opened(): Promise<void> {
		return new Promise((resolve) => this.socket.once('open', () => resolve()));
	}

	async run(graph: object, promptId: string): Promise<number> {
		const end = new Promise<void>((resolve) => this.ended.set(promptId, resolve));
		const answer = await fetch(`${this.url}/prompt`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ prompt: graph, client_id: 'bare', prompt_id: promptId }),
		});
		await answer.json();
		await end;
		const file = this.files.get(promptId);
		if (!file) throw new Error('no image');
		const image = await fetch(`${this.url}/view?${new URLSearchParams(file)}`);
		return (await image.arrayBuffer()).byteLength;
	}

	close(): void {
		this.socket.close();
	}
}

async function bareRun(bench: Bench, bare: BareClient): Promise<number> {
	const promptId = systemRandom.uuid();
	const graph = graphFor(bench);
	const began = performance.now();
	await bare.run(graph, promptId);
	return performance.now() - began - (await executionMs(bench, promptId));
}

async function runnerRun(bench: Bench, watch: ServerWatch): Promise<number> {
	const { client, selection } = bench;
	const promptId = systemRandom.uuid();
	const graph = graphFor(bench);
	const began = performance.now();
	const now = Date.now();
	const claim = new Claim('bench', selection, now + 60_000, now);
	const end = await runAttempt({
		server: client,
		watch,
		clock: systemClock,
		claim,
		promptId,
		graph,
		deadlineAt: selection.deadline_at,
		follow: true,
		stopAtMs: null,
		onSubmitted: () => undefined,
		onNews: () => undefined,
		shouldStop: () => false,
	});
	const [file] = end.entry?.outputs ?? [];
	if (!file) throw new Error(end.error?.message ?? 'no image');
	const { stream } = await client.view(file);
	await buffer(stream as Readable);
	return performance.now() - began - (await executionMs(bench, promptId));
}

/** A whole job: reading the fleet, deciding, running, fetching. */
async function generateRun(bench: Bench): Promise<number> {
	const { catalog, client } = bench;
	const deps = { catalog, servers: [client], clock: systemClock, random: systemRandom };
	const request = { purpose: 'photo', prompt: 'x', explain: false };
	const began = performance.now();
	const [result] = await createGenerator(deps).generate([{ request }], {
		onOutput: async (file) => void (await buffer((await file.open()).stream as Readable)),
	});
	const took = performance.now() - began;
	if (result?.status !== 'done') throw new Error(result?.reason);
	return took - (await executionMs(bench, result.attempts[0]?.prompt_id ?? ''));
}

/** The node in a real n8n, by n8n's own clock. */
async function nodeRun(bench: Bench, n8n: RunningWorkflow): Promise<number> {
	const [item] = await n8n.call({ items: [{ purpose: 'photo', prompt: 'x' }] });
	const promptId = String(item?.prompt_id);
	const took = await n8n.executionMs(promptId);
	return took - (await executionMs(bench, promptId));
}

type Contestant = 'bare' | 'runner' | 'generate' | 'node';

async function overheads(): Promise<Record<Contestant, number[]>> {
	const bench = await open(0.1);
	const n8n = await startWorkflow({
		catalog: bench.catalog,
		servers: `s1=${bench.standIn.url}`,
		log: false,
	});
	const bare = new BareClient(bench.standIn.url);
	await bare.opened();
	const watch = new ServerWatch(
		bench.client,
		systemClock,
		systemRandom.uuid(),
		DEFAULT_PATIENCE,
		() => undefined,
	);
	watch.open();
	const times: Record<Contestant, number[]> = { bare: [], runner: [], generate: [], node: [] };
	for (let round = 0; round < ROUNDS + WARM_UP; round++) {
		const turns: [keyof typeof times, () => Promise<number>][] = [
			['bare', () => bareRun(bench, bare)],
			['runner', () => runnerRun(bench, watch)],
			['generate', () => generateRun(bench)],
			['node', () => nodeRun(bench, n8n)],
		];
		// each goes first in its turn, so that none profits from its place
		for (let turn = 0; turn < turns.length; turn++) {
			const [name, run] = turns[(round + turn) % turns.length] as (typeof turns)[number];
			const ms = await run();
			if (round >= WARM_UP) times[name].push(ms);
		}
	}
	watch.close();
	bare.close();
	await n8n.close();
	await bench.close();
	return times;
}

/** Share of the time from the first start to the last end in which the server ran a job. */
async function busyShare(): Promise<number> {
	const bench = await open(1);
	const { catalog, client, standIn } = bench;
	const deps = { catalog, servers: [client], clock: systemClock, random: systemRandom };
	const items = Array.from({ length: QUEUED_ITEMS }, () => ({
		request: { purpose: 'photo', prompt: 'x', explain: false, urgency: 'flexible' },
	}));
	const results = await createGenerator(deps).generate(items, {
		onOutput: async (file) => void (await buffer((await file.open()).stream as Readable)),
	});
	const failed = results.find((result) => result.status !== 'done');
	if (failed) throw new Error(failed.reason);
	const started = standIn.events.of('started').map((event) => event.atMs);
	const finished = standIn.events.of('finished').map((event) => event.atMs);
	const busy = finished.reduce((sum, at, index) => sum + at - (started[index] ?? at), 0);
	await bench.close();
	return busy / (Math.max(...finished) - Math.min(...started));
}

async function main(): Promise<void> {
	const times = await overheads();
	const busy = await busyShare();
	const memory = await measureImageMemory();
	const [bareMs, runnerMs, generateMs, nodeMs] = [
		median(times.bare),
		median(times.runner),
		median(times.generate),
		median(times.node),
	];
	printTable(
		['Overhead over ComfyUI, median', 'ms', 'of bare'],
		[
			['bare client', bareMs.toFixed(1), '1.00'],
			['runner', runnerMs.toFixed(1), (runnerMs / bareMs).toFixed(2)],
			['whole job, selection included', generateMs.toFixed(1), (generateMs / bareMs).toFixed(2)],
			['node in n8n, by its executionTime', nodeMs.toFixed(1), (nodeMs / bareMs).toFixed(2)],
		],
	);
	printTable(['Ten jobs of 1 s', ''], [['server busy', `${(busy * 100).toFixed(1)} %`]]);
	const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
	printTable(
		[`n8n, ${IMAGES} images of ${mb(BIG_IMAGE_BYTES)}`, ''],
		[
			['resident memory, growth', mb(memory.residentGrowthBytes)],
			['resident memory, peak over before', mb(memory.peakResidentBytes)],
			['in buffers, peak over before', mb(memory.peakBufferBytes)],
		],
	);
	finish({
		bench: 'overhead',
		figures: {
			rounds: ROUNDS,
			bare_ms: bareMs,
			runner_ms: runnerMs,
			generate_ms: generateMs,
			node_ms: nodeMs,
			busy_ratio: busy,
			memory,
		},
		goals: [
			atMost('runner_over_bare', runnerMs / bareMs, 1.5),
			atMost('node_over_bare', nodeMs / bareMs, 5),
			atLeast('busy_ratio', busy, 0.95),
			atMost('memory_growth_over_image', memory.residentGrowthBytes / BIG_IMAGE_BYTES, 2),
		],
	});
}

void main();
