/** The lists of the fields of a request, under the names by which the fields call them. */
import { searchModels, searchPresets } from './search-models';
import { searchSamplers, searchSchedulers } from './search-noise-names';

export const listSearch = { searchModels, searchPresets, searchSamplers, searchSchedulers };
