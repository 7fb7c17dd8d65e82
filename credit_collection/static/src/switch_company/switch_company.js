import { redirect } from "@web/core/utils/urls";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";

/** Go on in another company: the page is loaded anew, so that nothing of the one before is left. */
async function switchCompany(env, { params }) {
    await user.activateCompanies([params.company_id], {
        includeChildCompanies: false,
        reload: false,
    });
    redirect(params.url);
}

registry.category("actions").add("credit_collection_switch_company", switchCompany);
