package dev.signalbox.workers.reply;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStores;
import java.nio.ByteBuffer;

/** Puts the bodies of replies that are too large for a record into the claim store. */
public final class ReplyClaims {
    /** Where there is no store. */
    public static final ReplyClaims NONE = new ReplyClaims(ClaimStores.NONE);

    private final ClaimStores stores;

    /** @param stores belong to the caller */
    public ReplyClaims(ClaimStores stores) {
        this.stores = stores;
    }

    /** Whether the reply's body belongs into a store. */
    boolean takes(LlmReply reply) {
        return reply.getBody() != null && stores.takes(reply.getBody().remaining());
    }

    /** Whether its body can be put into a store at all. */
    boolean canTake(LlmReply reply) {
        return reply.getBody() != null && stores.canPut();
    }

    /** The reply with a reference in its body's place. Blocking. */
    LlmReply checkedIn(LlmReply reply) throws ClaimException {
        ByteBuffer buffer = reply.getBody().duplicate();
        byte[] body = new byte[buffer.remaining()];
        buffer.get(body);
        return LlmReply.newBuilder(reply).setBody(null)
                .setBodyClaim(stores.put(ClaimStores.Kind.REPLIES, body)).build();
    }
}
