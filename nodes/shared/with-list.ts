/** A field with a list to choose from, into which a name can be written as well. */
import type { INodeProperties } from 'n8n-workflow';

/**
 * The lists need no credential: what comes from servers has something to fall back on.
 * @param listMethod of the node's listSearch
 * @param dependsOn fields whose change empties this one
 */
export function withList(
	listMethod: string,
	placeholder: string,
	dependsOn?: string[],
): Pick<INodeProperties, 'type' | 'default' | 'modes' | 'typeOptions'> {
	return {
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		...(dependsOn ? { typeOptions: { loadOptionsDependsOn: dependsOn } } : {}),
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: {
					searchListMethod: listMethod,
					searchable: true,
					skipCredentialsCheckInRLC: true,
				},
			},
			{ displayName: 'By Name', name: 'name', type: 'string', placeholder },
		],
	};
}
