package dev.signalbox.workers.claim;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.schemas.claim.ClaimStore;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.claim.FolderClaimStore;
import java.util.LinkedHashMap;
import java.util.Map;

/** Opens the claim stores that a configuration names. */
public final class ConfiguredClaims {
    private ConfiguredClaims() {
    }

    /** The caller closes them. */
    public static ClaimStores open(ClaimSettings settings) {
        Map<String, ClaimStore> stores = new LinkedHashMap<>();
        settings.stores().forEach((name, store) -> stores.put(name, switch (store) {
            case ClaimSettings.Store.Folder folder -> new FolderClaimStore(folder.path());
            case ClaimSettings.Store.Bucket bucket -> new S3ClaimStore(bucket);
        }));
        return new ClaimStores(stores, settings.store(), settings.aboveBytes(), settings.maxBytes());
    }
}
