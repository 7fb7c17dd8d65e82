import { utils } from "@web/core/ui/ui_service";
import { registry } from "@web/core/registry";
import { SearchModel } from "@web/search/search_model";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { kanbanView } from "@web/views/kanban/kanban_view";

import { DayProgress } from "../day_progress/day_progress";

/** On a phone the cases are one list of cards: a board of levels is for a wide screen. */
class CaseSearchModel extends SearchModel {
    load(config) {
        return super.load(utils.isSmall() ? { ...config, defaultGroupBy: undefined } : config);
    }
}

class CaseKanbanRenderer extends KanbanRenderer {
    static template = "credit_collection.CaseKanbanRenderer";
    static components = { ...KanbanRenderer.components, DayProgress };
}

registry.category("views").add("credit_collection_case_kanban", {
    ...kanbanView,
    Renderer: CaseKanbanRenderer,
    SearchModel: CaseSearchModel,
});
