package dev.signalbox.workers;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyError;
import dev.signalbox.schemas.avro.RequestState;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.vendor.FailureClass;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/** Tells how each request ended, once its reply is acknowledged; and of one that takes long that it runs. */
final class RequestEndings {
    /** Failures that the caller's own request brought about. */
    private static final Set<String> CALLERS_FAULTS = EnumSet
            .of(FailureClass.INVALID_REQUEST, FailureClass.INVALID_FOR_MODEL, FailureClass.CONTEXT_LENGTH,
                    FailureClass.PAYLOAD_TOO_LARGE, FailureClass.CONTENT_FILTER_INPUT,
                    FailureClass.CONTENT_FILTER_OUTPUT, FailureClass.CONFLICT)
            .stream().map(FailureClass::name).collect(Collectors.toUnmodifiableSet());

    private final Consumer<RequestStatus> journal;
    private final String environment;
    private final WorkerIdentity identity;
    private final LongSupplier brokerMillis;

    /** @param brokerMillis the fleet's clock */
    RequestEndings(Consumer<RequestStatus> journal, String environment, WorkerIdentity identity,
            LongSupplier brokerMillis) {
        this.journal = journal;
        this.environment = environment;
        this.identity = identity;
        this.brokerMillis = brokerMillis;
    }

    /** On the producer's thread: it must be short. */
    void tell(InboundRequest inbound, LlmReply reply) {
        RequestStatus status = status(inbound, RequestState.ENDED);
        status.setStatus(reply.getStatus().name());
        ReplyError error = reply.getError();
        status.setErrorCode(error == null ? null : error.getCode());
        status.setCallersFault(isCallersFault(reply));
        status.setLate(brokerMillis.getAsLong() > inbound.expiresAtMillis());
        status.setStartedMillis(inbound.firstEnqueuedMillis() + reply.getTimings().getQueuedMillis());
        journal.accept(status);
    }

    /** It is in a call for a while. */
    void running(InboundRequest inbound) {
        RequestStatus status = status(inbound, RequestState.RUNNING);
        status.setStartedMillis(brokerMillis.getAsLong() - UnderWay.TOLD_AFTER.toMillis());
        journal.accept(status);
    }

    private RequestStatus status(InboundRequest inbound, RequestState state) {
        LlmRequest request = inbound.request();
        RequestStatus status = new RequestStatus();
        status.setRequestId(inbound.id());
        status.setState(state);
        status.setPool(inbound.lane().pool().value());
        status.setPriority(inbound.lane().priority().label());
        status.setEnvironment(environment);
        status.setUseCase(request.getUseCase());
        status.setTenant(request.getTenant());
        status.setDepartment(request.getDepartment());
        status.setRequestedModel(request.getModel());
        status.setWorker(identity.name());
        status.setReplyTopic(inbound.address().replyTopic());
        status.setRequestTopic(inbound.ticket().partition().topic());
        status.setRequestPartition(inbound.ticket().partition().partition());
        status.setRequestOffset(inbound.ticket().offset());
        status.setFirstEnqueuedMillis(inbound.firstEnqueuedMillis());
        return status;
    }

    private static boolean isCallersFault(LlmReply reply) {
        return switch (reply.getStatus()) {
            case REJECTED, CANCELLED -> true;
            case FAILED -> reply.getError() != null && CALLERS_FAULTS.contains(reply.getError().getCode());
            case COMPLETED, EXPIRED, SHED -> false;
        };
    }
}
