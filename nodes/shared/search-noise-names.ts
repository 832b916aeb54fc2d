/**
 * Lists samplers and schedulers of noise: those that the servers have, extensions included. Where none can be asked, or
 * none answers, those that a plain ComfyUI has and those that the catalog names.
 */
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { type NoiseNames, readNoiseNames } from '../../adapters/comfyui';
import { SAMPLERS, SCHEDULERS } from '../../lib/samplers';
import { readCatalog } from './catalog-source';
import { comfyUiClients } from './comfyui-servers';
import { contains } from './fields';

/** Somebody has opened the list and waits. */
const TIMEOUT_SECONDS = 3;

export async function searchSamplers(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	return asResults((await noiseNames(this)).samplers, filter);
}

export async function searchSchedulers(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	return asResults((await noiseNames(this)).schedulers, filter);
}

function asResults(names: readonly string[], filter: string): INodeListSearchResult {
	const unique = [...new Set(names)].filter((name) => contains(name, filter));
	return { results: unique.map((name) => ({ name, value: name })) };
}

/** Never fails: a list that helps to type a name is no place to learn that a server is down. */
async function noiseNames(context: ILoadOptionsFunctions): Promise<NoiseNames> {
	const asked = await ofServers(context);
	if (asked.samplers.length > 0 && asked.schedulers.length > 0) return asked;
	const named = await ofCatalog(context);
	return {
		samplers: [...SAMPLERS, ...named.samplers],
		schedulers: [...SCHEDULERS, ...named.schedulers],
	};
}

async function ofServers(context: ILoadOptionsFunctions): Promise<NoiseNames> {
	// n8n throws where no credential is chosen yet
	const credential = await context.getCredentials('comfyUiApi').catch(() => null);
	if (credential === null) return { samplers: [], schedulers: [] };
	try {
		const clients = comfyUiClients(credential, TIMEOUT_SECONDS);
		const answers = await Promise.all(
			clients.map((client) => readNoiseNames(client).catch(() => null)),
		);
		for (const client of clients) client.close();
		return together(answers.filter((answer) => answer !== null));
	} catch {
		return { samplers: [], schedulers: [] };
	}
}

async function ofCatalog(context: ILoadOptionsFunctions): Promise<NoiseNames> {
	try {
		const { models } = await readCatalog(context, (name) => context.getCurrentNodeParameter(name));
		const presets = models.flatMap((model) => model.presets);
		return {
			samplers: presets.map(({ sampler_name: sampler }) => sampler),
			schedulers: presets.map(({ scheduler }) => scheduler),
		};
	} catch {
		return { samplers: [], schedulers: [] };
	}
}

function together(answers: readonly NoiseNames[]): NoiseNames {
	return {
		samplers: answers.flatMap(({ samplers }) => samplers),
		schedulers: answers.flatMap(({ schedulers }) => schedulers),
	};
}
