<?php
// Calls a service through PHP's SoapClient, which knows nothing but the address of its description.
// Arguments: that address, and JSON: [[operation, {field: text}], ...]; prints the answers as a JSON array.
[$_, $address, $calls] = $argv;
$client = new SoapClient($address, ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true]);
$answers = [];
foreach (json_decode($calls, true) as [$operation, $fields]) {
    try {
        $answers[] = $client->$operation($fields);
    } catch (SoapFault $fault) {
        $answers[] = ['fault' => $fault->faultcode, 'text' => $fault->faultstring];
    }
}
echo json_encode($answers, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
