/** The filters that need no server: what the caller asked for against what the model is. */
import type { ReasonCode } from '../selection/types';
import type { PreparedModel } from './prepared-catalog';
import type { UnderstoodRequest } from './understood-request';

/** The first reason why this model cannot serve the request, or null. */
export function modelReason(model: PreparedModel, asked: UnderstoodRequest): ReasonCode | null {
	const { request } = asked;
	if (!Object.hasOwn(model.model.purposes, request.purpose)) return 'PURPOSE';
	if (!model.model.enabled) return 'DISABLED';
	if (request.model_name != null && request.model_name !== model.name) return 'EXCLUDED';
	if (asked.exclude !== null && asked.exclude.has(model.name)) return 'EXCLUDED';
	if (request.commercial_use && !model.model.commercial_use) return 'LICENSE';
	return takesInputs(model, asked) ? null : 'INPUTS';
}

function takesInputs(model: PreparedModel, asked: UnderstoodRequest): boolean {
	const hasImage = asked.request.images.length > 0;
	if (asked.needsMask && (!model.acceptsMask || !hasImage)) return false;
	if (asked.needsImage) return model.acceptsImage && hasImage;
	return model.acceptsTextOnly;
}

/** True where the model is made for this size. Sides in pixels, limits included. */
export function takesSize(model: PreparedModel, width: number, height: number): boolean {
	const m = model.model;
	return (
		width >= (m.min_width ?? 0) &&
		width <= (m.max_width ?? Infinity) &&
		height >= (m.min_height ?? 0) &&
		height <= (m.max_height ?? Infinity)
	);
}
