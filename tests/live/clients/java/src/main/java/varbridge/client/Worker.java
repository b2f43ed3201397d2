package varbridge.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.camunda.bpm.client.ExternalTaskClient;
import org.camunda.bpm.client.interceptor.auth.BasicAuthProvider;
import org.camunda.bpm.client.task.ExternalTask;
import org.camunda.bpm.client.task.ExternalTaskService;
import org.camunda.bpm.client.variable.ClientValues;
import org.camunda.bpm.engine.variable.Variables;
import org.camunda.bpm.engine.variable.value.BytesValue;
import org.camunda.bpm.engine.variable.value.FileValue;
import org.camunda.bpm.engine.variable.value.SerializableValue;
import org.camunda.bpm.engine.variable.value.TypedValue;

/**
 * A worker as the client's manual shows it: waits in a long poll, is handed one task, reads, sets, completes.
 *
 * <p>Standard input has the address, the credentials and the request that starts the instance; the last line of
 * standard output says what the worker saw.
 */
public class Worker {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LONGEST_S = 60;

    public static void main(String[] arguments) {
        try {
            System.out.println(JSON.writeValueAsString(flow(JSON.readTree(System.in))));
            System.exit(0); // the client's last long poll would go on
        } catch (Exception problem) {
            problem.printStackTrace();
            System.exit(1);
        }
    }

    private static Map<String, Object> flow(JsonNode told) throws Exception {
        CompletableFuture<Map<String, Object>> done = new CompletableFuture<>();
        ExternalTaskClient client = ExternalTaskClient.create()
                .baseUrl(told.get("url").asText())
                .workerId("java")
                .maxTasks(1)
                .asyncResponseTimeout(20_000)
                .addInterceptor(new BasicAuthProvider(told.get("username").asText(), told.get("password").asText()))
                .build();
        client.subscribe(told.get("topic").asText())
                .lockDuration(60_000)
                .handler((task, service) -> {
                    try {
                        done.complete(work(task, service));
                    } catch (Exception problem) {
                        done.completeExceptionally(problem);
                    }
                })
                .open();
        String instance = start(told);
        Map<String, Object> seen = done.get(LONGEST_S, TimeUnit.SECONDS);
        return Map.of("instance", instance, "seen", seen);
    }

    private static String start(JsonNode told) throws IOException, InterruptedException {
        String credentials = told.get("username").asText() + ":" + told.get("password").asText();
        HttpRequest request = HttpRequest.newBuilder(URI.create(
                        told.get("url").asText() + "/process-definition/key/clientFlow/start"))
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8)))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(told.get("start").toString()))
                .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(answer.statusCode() + " " + answer.body());
        }
        return JSON.readTree(answer.body()).get("id").asText();
    }

    private static Map<String, Object> work(ExternalTask task, ExternalTaskService service) throws IOException {
        Map<String, Object> seen = new LinkedHashMap<>();
        for (String name : task.getAllVariables().keySet()) {
            seen.put(name, shown(task.getVariableTyped(name, false)));
        }
        service.extendLock(task, 120_000);
        Map<String, Object> set = new LinkedHashMap<>();
        set.put("count", Variables.longValue(43L));
        set.put("when", Variables.dateValue(new Date(1_767_225_600_250L)));
        set.put("order", ClientValues.jsonValue("{\"id\": 2}"));
        set.put("receipt", Variables.fileValue("receipt ä.txt").file("bezahlt ✓".getBytes(StandardCharsets.UTF_8))
                .mimeType("text/plain").encoding("UTF-8").create());
        service.setVariables(task, set);
        service.complete(task, Map.of("by", "java", "text", Variables.stringValue(null)));
        return seen;
    }

    private static Object shown(TypedValue value) throws IOException {
        String type = value.getType() == null ? "null" : value.getType().getName();
        if (value instanceof FileValue file) {
            try (InputStream content = file.getValue()) {
                return new Object[] {type, file.getFilename(), String.valueOf(file.getMimeType()),
                        String.valueOf(file.getEncoding()), new String(content.readAllBytes(), StandardCharsets.UTF_8)};
            }
        }
        if (value instanceof BytesValue bytes) {
            return new Object[] {type, Base64.getEncoder().encodeToString(bytes.getValue())};
        }
        if (value instanceof SerializableValue text) {
            return new Object[] {type, text.getValueSerialized()};
        }
        Object plain = value.getValue();
        return new Object[] {type, plain instanceof Date date ? date.toInstant().toString() : plain};
    }
}
