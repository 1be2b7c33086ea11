"""The sample company "Kettle & Crane": original data that shows the product at work without a customer's."""
