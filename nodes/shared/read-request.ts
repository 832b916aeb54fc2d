/** Turns the parameters of one item into a request. Leaves every check of its content to the router. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import { type RequestInput, requestSchema } from '../../lib/request/schema';
import { isRecord, jsonParameter, listOf, locatorValue, withoutBlanks } from './fields';
import { CUSTOM } from './request-properties';
import { toUtcIso } from './zoned-time';

/** A request before it is checked. */
export type RawRequest = Record<string, unknown>;

const REQUEST_KEYS = Object.keys(requestSchema.shape);

function fromFields(context: IExecuteFunctions, itemIndex: number): RawRequest {
	const text = (name: string) => context.getNodeParameter(name, itemIndex, '') as string;
	const purpose = text('purpose');
	const urgency = text('urgency');
	const more = context.getNodeParameter('additionalFields', itemIndex, {}) as RawRequest;
	return withoutBlanks({
		...more,
		purpose: purpose === CUSTOM ? text('customPurpose') : purpose,
		urgency: urgency === CUSTOM ? text('customUrgency') : urgency,
		quality: text('quality'),
		prompt: text('prompt'),
		sampler_name: locatorValue(more.sampler_name),
		scheduler: locatorValue(more.scheduler),
		exclude_models: more.exclude_models === undefined ? undefined : listOf(more.exclude_models),
		images: more.images === undefined ? undefined : listOf(more.images),
		deadline_at: toUtcIso(more.deadline_at, context.getTimezone()),
	});
}

function fromItem(context: IExecuteFunctions, itemIndex: number): RawRequest {
	const item = context.getInputData()[itemIndex]?.json ?? {};
	// tables and forms leave cells empty that nobody filled in
	const request = withoutBlanks(
		Object.fromEntries(
			REQUEST_KEYS.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]),
		),
	);
	if (request.purpose !== undefined) return request;
	throw new RouterError({
		code: 'REQUEST_INVALID',
		message: 'The item has no field "purpose".',
		hint: isRecord(item.body)
			? 'A webhook puts what it receives under "body": set Request to JSON with {{ $json.body }}.'
			: 'Add it before this node, or set Request to Fields Below.',
	});
}

function fromJson(context: IExecuteFunctions, itemIndex: number): RawRequest {
	const value = jsonParameter(context.getNodeParameter('requestJson', itemIndex), 'Request JSON');
	if (isRecord(value)) return { ...value };
	throw new RouterError({
		code: 'REQUEST_INVALID',
		message: 'Request JSON is not an object.',
		hint: 'It holds at least a purpose: {"purpose": "photo"}.',
	});
}

/** Which model, and which of its presets if that is said as well, the node's own fields name. */
function pinned(
	context: IExecuteFunctions,
	itemIndex: number,
): Pick<RequestInput, 'model_name' | 'preset_name'> {
	if (context.getNodeParameter('modelChoice', itemIndex, 'best') !== 'pinned') return {};
	const named = (field: string) =>
		context.getNodeParameter(field, itemIndex, '', { extractValue: true }) as string;
	const name = named('model');
	const preset = named('presetName');
	if (name) return { model_name: name, ...(preset ? { preset_name: preset } : {}) };
	throw new RouterError({
		code: 'REQUEST_INVALID',
		message: 'No model is given although Model is set to A Certain One.',
		hint: 'Choose one from the list or give its name as in the catalog.',
	});
}

/**
 * @param defaultJobId the job's id where the request brings none
 * @returns what the item asks for, unchecked
 */
export function readRequest(
	context: IExecuteFunctions,
	itemIndex: number,
	defaultJobId: string,
): RawRequest {
	const from = context.getNodeParameter('requestFrom', itemIndex, 'fields') as string;
	const read = from === 'json' ? fromJson : from === 'item' ? fromItem : fromFields;
	const request = read(context, itemIndex);
	const own = pinned(context, itemIndex);
	const options = context.getNodeParameter('options', itemIndex, {}) as { explain?: boolean };
	return {
		...request,
		job_id: request.job_id ?? defaultJobId,
		// a request that names a model means that one's presets
		...(request.model_name
			? {}
			: { ...own, ...withoutBlanks({ preset_name: request.preset_name }) }),
		...(request.explain === undefined && options.explain !== undefined
			? { explain: options.explain }
			: {}),
	};
}
