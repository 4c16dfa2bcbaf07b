package dev.signalbox.simulator.http;

import dev.signalbox.config.VendorFamily;
import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.language.AnthropicLanguage;
import dev.signalbox.simulator.language.HttpAnswer;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.language.OpenAiLanguage;
import dev.signalbox.simulator.language.VendorLanguage;
import dev.signalbox.simulator.language.VendorLanguage.ErrorDetail;
import dev.signalbox.simulator.language.VendorLanguage.Operation;
import dev.signalbox.simulator.meter.Bill;
import dev.signalbox.simulator.meter.CallLog;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.meter.MeterReading;
import dev.signalbox.simulator.profile.VendorProfile;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server. One event loop does everything, so that meters and log are exact without locks; other threads ask
 * by a task on that loop.
 */
public final class SimulatorServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SimulatorServer.class);
    /** A larger request is answered 413. */
    private static final int MAX_REQUEST_BYTES = 32 << 20;
    private static final int MAX_HEADER_BYTES = 64 * 1024;
    private static final int ACCEPT_BACKLOG = 4096;
    private static final long LOG_FLUSH_MILLIS = 200;
    private static final long START_SECONDS = 30;

    private final Vertx vertx;
    private final EventLoop loop;
    private final SharedState state;
    private final Admin admin;
    private final CallHandler calls;
    private final @Nullable CallLogFile logFile;
    private final Map<String, Target> targets = new HashMap<>();
    private int port;
    private volatile boolean closed;

    private record Target(SimulatedVendor vendor, Operation operation) {
    }

    /** What {@link #start} needs to know. */
    public record Settings(String host, int port, List<VendorProfile> vendors, List<FaultRule> faults, int logCapacity,
            Optional<Path> logFile, long seed) {
    }

    private SimulatorServer(Settings settings, Vertx vertx) throws IOException {
        this.vertx = vertx;
        ContextInternal context = (ContextInternal) vertx.getOrCreateContext();
        loop = context.nettyEventLoop();
        logFile = settings.logFile.isPresent() ? new CallLogFile(settings.logFile.get()) : null;
        CallLogFile file = logFile;
        Map<String, SimulatedVendor> vendors = new LinkedHashMap<>();
        for (VendorProfile profile : settings.vendors) {
            SimulatedVendor vendor = new SimulatedVendor(profile, language(profile.family()), settings.seed);
            boolean first = vendors.isEmpty();
            vendors.put(profile.name(), vendor);
            for (Operation operation : Operation.values()) {
                for (String path : vendor.language.paths(operation)) {
                    targets.put("/" + profile.name() + path, new Target(vendor, operation));
                    if (first) {
                        targets.put(path, new Target(vendor, operation));
                    }
                }
            }
        }
        CallLog log = new CallLog(settings.logCapacity, file == null ? null : file::add);
        state = new SharedState(System::nanoTime, System::currentTimeMillis, settings.seed, log, vendors.values(),
                settings.faults);
        admin = new Admin(state);
        Pacer pacer = new Pacer(new Pacer.Loop() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public void runAfter(long nanos, Runnable task) {
                loop.schedule(task, nanos, TimeUnit.NANOSECONDS).addListener(SimulatorServer::failed);
            }
        });
        calls = new CallHandler(state, pacer);
    }

    private static VendorLanguage language(VendorFamily family) {
        return switch (family) {
            case OPENAI -> new OpenAiLanguage();
            case ANTHROPIC -> new AnthropicLanguage();
            case AZURE_OPENAI, BEDROCK, VERTEX -> throw new IllegalArgumentException(
                    "the simulator does not speak " + family + " yet; it speaks OPENAI and ANTHROPIC");
        };
    }

    /** @throws IOException if the port cannot be had or the log file not be written */
    public static SimulatorServer start(Settings settings) throws IOException {
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1).setUseDaemonThread(true).setDisableTCCL(true).setFileSystemOptions(
                        new FileSystemOptions().setClassPathResolvingEnabled(false).setFileCachingEnabled(false)));
        try {
            SimulatorServer server = new SimulatorServer(settings, vertx);
            server.listen(settings);
            return server;
        } catch (IOException | RuntimeException e) {
            vertx.close();
            throw e;
        }
    }

    private void listen(Settings settings) throws IOException {
        HttpServerOptions options = new HttpServerOptions().setHost(settings.host).setPort(settings.port)
                .setHttp2ClearTextEnabled(false).setAcceptBacklog(ACCEPT_BACKLOG).setMaxHeaderSize(MAX_HEADER_BYTES)
                .setHandle100ContinueAutomatically(true).setReuseAddress(true).setTcpNoDelay(true);
        CompletableFuture<HttpServer> listening = new CompletableFuture<>();
        loop.execute(() -> {
            vertx.createHttpServer(options).requestHandler(this::request).listen()
                    .onSuccess(listening::complete).onFailure(listening::completeExceptionally);
            if (logFile != null) {
                loop.scheduleAtFixedRate(logFile::flush, LOG_FLUSH_MILLIS, LOG_FLUSH_MILLIS, TimeUnit.MILLISECONDS)
                        .addListener(SimulatorServer::failed);
            }
        });
        try {
            port = listening.get(START_SECONDS, TimeUnit.SECONDS).actualPort();
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("The simulator cannot listen on " + settings.host + ":" + settings.port + ": "
                    + (e.getCause() == null ? e : e.getCause()).getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted at the start", e);
        }
    }

    private static void failed(Future<?> task) {
        if (task.cause() != null && !task.isCancelled()) {
            LOG.error("A simulated call failed", task.cause());
        }
    }

    private void request(HttpServerRequest request) {
        BodyReader.read(request, MAX_REQUEST_BYTES, body -> dispatch(request, body), () -> tooLarge(request));
    }

    private void dispatch(HttpServerRequest request, byte[] body) {
        String path = request.path();
        Target target = path == null ? null : targets.get(path);
        if (target == null) {
            elsewhere(request, path == null ? "" : path, body);
        } else if (target.operation == Operation.CALL && request.method().name().equals("POST")) {
            calls.handle(target.vendor, request, body);
        } else if (target.operation == Operation.MODELS && request.method().name().equals("GET")) {
            send(request, target.vendor.language.models(target.vendor.profile.models().keySet()));
        } else {
            send(request, text(405, "Method not allowed\n"));
        }
    }

    private void elsewhere(HttpServerRequest request, String path, byte[] body) {
        if (path.startsWith(Admin.PATH)) {
            Map<String, String> query = new HashMap<>();
            request.params().forEach(query::put);
            send(request, admin.answer(request.method().name(), path, query, body));
        } else {
            send(request, text(404, "No simulated vendor here. There are: " + String.join(", ",
                    targets.keySet().stream().sorted().toList()) + "\n"));
        }
    }

    private void tooLarge(HttpServerRequest request) {
        request.response().putHeader("connection", "close");
        VendorLanguage language = targets.values().iterator().next().vendor.language;
        Target target = targets.get(String.valueOf(request.path()));
        send(request, (target == null ? language : target.vendor.language).error(ErrorKind.PAYLOAD_TOO_LARGE,
                ErrorDetail.of("", 0), ""));
    }

    private static HttpAnswer text(int status, String text) {
        return new HttpAnswer(status, List.of(new Header("content-type", "text/plain")),
                text.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpServerRequest request, HttpAnswer answer) {
        request.response().setStatusCode(answer.status());
        answer.headers().forEach(header -> request.response().putHeader(header.name(), header.value()));
        request.response().end(Buffer.buffer(answer.body()));
    }

    public int port() {
        return port;
    }

    public List<CallRecord> calls() {
        return ask(state::calls);
    }

    public Map<String, Bill> bills() {
        return ask(state::bills);
    }

    public List<MeterReading> meters() {
        return ask(state::meters);
    }

    public void setFaults(List<FaultRule> rules) {
        ask(() -> {
            state.setFaults(rules);
            return true;
        });
    }

    public void reset() {
        ask(() -> {
            state.reset();
            return true;
        });
    }

    private <T> T ask(Callable<T> question) {
        try {
            // After close the loop has ended, and nothing else touches the state.
            return closed || loop.inEventLoop() ? question.call() : loop.submit(question).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (Exception e) {
            throw new IllegalStateException("the simulator's event loop failed", e);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            if (logFile != null) {
                ask(() -> {
                    logFile.close();
                    return true;
                });
            }
            vertx.close().toCompletionStage().toCompletableFuture().join();
            closed = true;
        }
    }
}
