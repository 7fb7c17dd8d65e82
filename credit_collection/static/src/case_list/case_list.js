import { registry } from "@web/core/registry";
import { listView } from "@web/views/list/list_view";
import { ListRenderer } from "@web/views/list/list_renderer";

import { DayProgress } from "../day_progress/day_progress";

class CaseListRenderer extends ListRenderer {
    static template = "credit_collection.CaseListRenderer";
    static components = { ...ListRenderer.components, DayProgress };
}

registry.category("views").add("credit_collection_case_list", {
    ...listView,
    Renderer: CaseListRenderer,
});
